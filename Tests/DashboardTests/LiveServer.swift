// SPDX-License-Identifier: Apache-2.0
//
// A dashboard on a free port of this machine, and requests to it byte by byte, so that tests choose each header.

#if Dashboard
  import JoistDashboard
  import JoistObservation
  import NIOCore
  import NIOPosix
  import Testing

  /// The server has ended, or a connection to it has, before a test was done with it.
  private struct ServerEnded: Error, CustomStringConvertible {
    let description: String
  }

  /// What a server answered.
  struct LiveAnswer {
    var status = 0
    /// The fields with names in lower case.
    var fields: [String: String] = [:]
    var body: [UInt8] = []

    var text: String { String(decoding: body, as: UTF8.self) }

    /// Reads a whole answer.
    init(_ bytes: [UInt8]) throws {
      let end = try #require(bytes.indices.first { bytes[$0...].starts(with: [13, 10, 13, 10]) })
      let lines = String(decoding: bytes[..<end], as: UTF8.self).split(separator: "\r\n")
      status = try #require(Int(lines[0].split(separator: " ")[1]))
      for line in lines.dropFirst() {
        let parts = line.split(separator: ":", maxSplits: 1)
        fields[parts[0].lowercased()] = String(parts[1].drop { $0 == " " })
      }
      let rest = Array(bytes[(end + 4)...])
      body = fields["transfer-encoding"] == "chunked" ? try Self.unchunked(rest) : rest
    }

    private static func unchunked(_ bytes: [UInt8]) throws -> [UInt8] {
      var result: [UInt8] = []
      var rest = bytes[...]
      while true {
        let end = try #require(rest.firstIndex(of: 13))
        let size = try #require(Int(String(decoding: rest[..<end], as: UTF8.self), radix: 16))
        if size == 0 { return result }
        result += rest[(end + 2)..<(end + 2 + size)]
        rest = rest[(end + 4 + size)...]
      }
    }
  }

  /// A connection on which a test reads as much as it wants.
  final class LiveConnection {
    private var iterator: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    /// All bytes so far.
    private(set) var bytes: [UInt8] = []

    init(_ stream: NIOAsyncChannelInboundStream<ByteBuffer>) { iterator = stream.makeAsyncIterator() }

    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Reads some bytes; returns whether the server is still there.
    func read() async throws -> Bool {
      guard var buffer = try await iterator.next(isolation: #isolation) else { return false }
      bytes += buffer.readBytes(length: buffer.readableBytes) ?? []
      return true
    }

    /// Reads until the text so far fulfils a condition.
    func read(until holds: (String) -> Bool) async throws {
      while !holds(text) {
        if try await !read() { throw ServerEnded(description: "The server closed the connection after: \(text)") }
      }
    }
  }

  /// Runs a dashboard while `body` runs, which gets the port; throws the error of a dashboard that does not start.
  func withServer<Result>(
    _ dashboard: Dashboard,
    _ body: (Int) async throws -> Result
  ) async throws -> Result {
    let (starts, start) = AsyncStream.makeStream(of: String.self)
    return try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        defer { start.finish() }
        try await dashboard.run { start.yield($0) }
      }
      var iterator = starts.makeAsyncIterator()
      defer { group.cancelAll() }
      guard let address = await iterator.next() else {
        try await group.next()
        throw ServerEnded(description: "The server ended without an error.")
      }
      return try await body(try #require(Int(address.split(separator: ":").last?.dropLast() ?? "")))
    }
  }

  /// Sends bytes to a port of this machine and hands the connection to `body`.
  func connect<Result>(
    _ port: Int,
    sending request: String,
    receiveBufferBytes: Int? = nil,
    _ body: (LiveConnection) async throws -> Result
  ) async throws -> Result {
    var bootstrap = ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
    if let size = receiveBufferBytes {
      bootstrap = bootstrap.channelOption(.socketOption(.so_rcvbuf), value: SocketOptionValue(size))
    }
    let channel = try await bootstrap.connect(host: "127.0.0.1", port: port) { channel in
      channel.eventLoop.makeCompletedFuture {
        try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
      }
    }
    // A server that is wrong may never end its answer.
    let limit = channel.channel.eventLoop.scheduleTask(in: .seconds(60)) { [channel = channel.channel] in
      channel.close(promise: nil)
    }
    defer { limit.cancel() }
    return try await channel.executeThenClose { inbound, outbound in
      try await outbound.write(ByteBuffer(string: request))
      return try await body(LiveConnection(inbound))
    }
  }

  /// Sends one request and returns the whole answer.
  func ask(
    _ port: Int,
    _ path: String,
    method: String = "GET",
    host: String? = nil,
    fields: [String] = []
  ) async throws -> LiveAnswer {
    let head = ["\(method) \(path) HTTP/1.1", "Host: \(host ?? "127.0.0.1:\(port)")", "Connection: close"] + fields
    return try await connect(port, sending: head.joined(separator: "\r\n") + "\r\n\r\n") { connection in
      while try await connection.read() {}
      return try LiveAnswer(connection.bytes)
    }
  }

  /// Sends one request and expects a status.
  func expect(
    _ status: Int,
    _ port: Int,
    _ path: String,
    method: String = "GET",
    host: String? = nil,
    fields: [String] = [],
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let answer = try await ask(port, path, method: method, host: host, fields: fields)
    #expect(answer.status == status, "\(path)", sourceLocation: sourceLocation)
  }

  /// The request for the stream of events.
  func eventsRequest(_ port: Int) -> String { "GET /events HTTP/1.1\r\nHost: localhost:\(port)\r\n\r\n" }
#endif

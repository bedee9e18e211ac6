// SPDX-License-Identifier: Apache-2.0
//
// A contained application on a free port of this machine, and clients that send bytes of their choice. The tasks of a
// program are taken over once, so each test is a program of its own.

#if Hummingbird
  import Foundation
  import Hummingbird
  import HummingbirdCore
  import InMemoryLogging
  import Joist
  import JoistConcurrency
  import JoistHummingbird
  import Logging
  import NIOCore
  import NIOPosix
  import TestSupport

  /// Runs a contained application in this program while `body` runs, and ends the program: with zero if `body` returns
  /// true.
  ///
  /// `body` gets the port, the runtime and what the application logs.
  func endServer(
    _ options: TaskOptions = .init(),
    server: HTTPServerBuilder = .http1(),
    deadline: Duration? = nil,
    logging level: Logger.Level = .critical,
    routes: @escaping @Sendable (Router<BasicRequestContext>) -> Void = { _ in },
    answer: @escaping @Sendable (FailedRequest) -> Response = { $0.defaultResponse },
    ifHolds body: @escaping @Sendable (Int, ProcessRuntime, InMemoryLogHandler) async throws -> Bool
  ) async throws -> Never {
    try await endProgram(options) { runtime in
      let router = Router(context: BasicRequestContext.self)
      router.get("hello") { _, _ in "hello" }
      router.get("crash") { _, _ -> String in "\(crash())" }
      routes(router)
      let lines = InMemoryLogHandler()
      var logger = Logger(label: "test") { _ in lines }
      // A line of a crash takes seconds in a debug build, where names are looked up in a large program.
      logger.logLevel = level
      let (ports, port) = AsyncStream.makeStream(of: Int.self)
      let application = Application(
        router: router,
        server: server,
        configuration: .init(address: .hostname("127.0.0.1", port: 0)),
        onServerRunning: { port.yield($0.localAddress!.port!) },
        logger: logger
      )
      let contained = try application.contained(on: runtime, deadline: deadline, answer: answer)
      Task {
        try await contained.run()
        exit(2)
      }
      for await port in ports { return try await body(port, runtime, lines) }
      return false
    }
  }

  /// A connection to a port of this machine.
  final class Client {
    private let channel: NIOAsyncChannel<ByteBuffer, ByteBuffer>
    private var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    /// What the server sent, and no answer has taken out.
    private var text = ""

    private init(
      _ channel: NIOAsyncChannel<ByteBuffer, ByteBuffer>,
      _ inbound: NIOAsyncChannelInboundStream<ByteBuffer>,
      _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) {
      self.channel = channel
      self.inbound = inbound.makeAsyncIterator()
      self.outbound = outbound
    }

    /// Connects, and closes the connection after `body`.
    static func connect<Result: Sendable>(
      _ port: Int,
      _ body: @Sendable (Client) async throws -> Result
    ) async throws -> Result {
      let bootstrap = ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      let channel = try await bootstrap.connect(host: "127.0.0.1", port: port) { channel in
        channel.eventLoop.makeCompletedFuture {
          try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
        }
      }
      return try await channel.executeThenClose { inbound, outbound in
        try await body(Client(channel, inbound, outbound))
      }
    }

    func send(_ text: String) async throws { try await outbound.write(ByteBuffer(string: text)) }

    /// Sends a request, and returns the status and the body of the answer; nil if the connection ends before.
    func ask(_ path: String, method: String = "GET", body: String = "") async throws -> (status: Int, body: String)? {
      let length = body.isEmpty ? "" : "Content-Length: \(body.utf8.count)\r\n"
      try await send("\(method) \(path) HTTP/1.1\r\nHost: here\r\n\(length)\r\n\(body)")
      return try await answer()
    }

    /// Returns the next answer, which has a length; nil if the connection ends before.
    func answer() async throws -> (status: Int, body: String)? {
      while true {
        if let end = text.firstRange(of: "\r\n\r\n") {
          let head = text[..<end.lowerBound]
          let field = head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("content-length:") }
          let length = field.flatMap { Int($0.split(separator: " ").last!) } ?? 0
          let rest = text[end.upperBound...]
          if rest.utf8.count >= length {
            let body = String(rest.prefix(length))
            text = String(rest.dropFirst(length))
            return (Int(head.split(separator: " ")[1])!, body)
          }
        }
        if try await !read() { return nil }
      }
    }

    /// Returns everything until the server closes the connection.
    func rest() async throws -> String {
      while try await read() {}
      return text
    }

    private func read() async throws -> Bool {
      do {
        guard let buffer = try await inbound.next(isolation: #isolation) else { return false }
        text += String(buffer: buffer)
        return true
      } catch is IOError { return false }
    }
  }

  /// Returns the status of the answer to one request on a connection of its own; nil if there is no answer.
  func status(_ port: Int, _ path: String) async throws -> Int? {
    try await Client.connect(port) { client in try await client.ask(path)?.status }
  }
#endif

// SPDX-License-Identifier: Apache-2.0
//
// Servers and clients on this machine whose connections are served by processes.

#if NIO
  import Joist
  import JoistNIO
  import NIOCore
  import NIOPosix
  import TestSupport

  typealias Bytes = ProcessConnection<ByteBuffer, ByteBuffer>
  typealias Serve = @Sendable (Bytes, ProcessContext<Never>) throws -> Void

  /// Sets up each channel of a server or client.
  typealias SetUp = @Sendable (any Channel) -> EventLoopFuture<Void>

  private let group = MultiThreadedEventLoopGroup.singleton

  /// Has a runtime serve connections while `body` runs, which gets the server's address.
  func withServer(
    _ runtime: ProcessRuntime,
    at path: String? = nil,
    _ setUp: @escaping SetUp,
    _ body: (SocketAddress) throws -> Void
  ) throws {
    let bootstrap = ServerBootstrap(group: group).childChannelInitializer(setUp)
    let future =
      if let path {
        bootstrap.bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true)
      } else {
        bootstrap.serverChannelOption(.backlog, value: 4_096).bind(host: "127.0.0.1", port: 0)
      }
    let server = try future.wait()
    defer { try? server.close().wait() }
    try body(server.localAddress!)
  }

  /// Connects to a server; the channel's initializer serves the connection.
  func connect(_ address: SocketAddress, _ setUp: @escaping SetUp) throws -> any Channel {
    try ClientBootstrap(group: group).channelInitializer(setUp).connect(to: address).wait()
  }

  extension Bytes {
    func write(_ text: String, in process: ProcessContext<Never>) throws {
      try write(ByteBuffer(string: text), in: process)
    }

    /// Reads until there are that many bytes, or no more come; returns them.
    func read(_ count: Int, in process: ProcessContext<Never>) throws -> String {
      var all = ByteBuffer()
      while all.readableBytes < count, var bytes = try read(in: process) { all.writeBuffer(&bytes) }
      return String(buffer: all)
    }
  }
#endif

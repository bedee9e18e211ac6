// SPDX-License-Identifier: Apache-2.0
//
// A crash outside of the code for a request, and clients that behave badly.

#if Hummingbird
  import Hummingbird
  import HummingbirdCore
  import Joist
  import InMemoryLogging
  import JoistConcurrency
  import JoistHummingbird
  import Logging
  import NIOCore
  import ServiceLifecycle
  import TestSupport
  import Testing

  /// Connections that crash when the client sends an exclamation mark: as a server of WebSockets, they are no HTTP.
  private struct Shouting: ServerChildChannel {
    typealias Value = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
      channel.eventLoop.makeCompletedFuture { try NIOAsyncChannel(wrappingChannelSynchronously: channel) }
    }

    func handle(value: Value, logger: Logger) async {
      try? await value.executeThenClose { inbound, outbound in
        for try await part in inbound {
          if String(buffer: part).contains("!") { _ = crash() }
          try await outbound.write(part)
        }
      }
    }
  }

  @Suite(.timeLimit(.minutes(15))) struct ConnectionCrashTests {
    @Test func `A3: a crash in a streamed body closes the connection after what was written`() async {
      await #expect(processExitsWith: .exitCode(0)) {
        try await endServer(logging: .error) { router in
          router.get("stream") { _, _ in
            Response(
              status: .ok,
              body: ResponseBody { writer in
                try await writer.write(ByteBuffer(string: "first"))
                await Task.yield()
                try await writer.write(ByteBuffer(string: "\(crash())"))
                try await writer.finish(nil)
              }
            )
          }
        } ifHolds: { port, _, log in
          let text = try await Client.connect(port) { client in
            try await client.send("GET /stream HTTP/1.1\r\nHost: here\r\n\r\n")
            return try await client.rest()
          }
          while !log.entries.contains(where: { "\($0.message)".contains("a connection's code crashed") }) {
            await Task.yield()
          }
          return text.contains("200 OK") && text.contains("first") && !text.contains("\r\n0\r\n")
        }
      }
    }

    @Test func `A3: a crash in a protocol that is not HTTP closes its connection only`() async {
      await #expect(processExitsWith: .exitCode(0)) {
        try await endServer(server: HTTPServerBuilder { _ in Shouting() }) { port, runtime, _ in
          try await Client.connect(port) { other in
            let closed = try await Client.connect(port) { client in
              try await client.send("hello!")
              return try await client.rest()
            }
            try await other.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            let answer = try await other.answer()
            return closed == "" && answer?.body == "ok" && runtime.crashedTasks == 1
          }
        }
      }
    }

    @Test func `A3: a server shuts down after crashes, and waits for no dead task`() async {
      await #expect(processExitsWith: .exitCode(0)) {
        try await endProgram { runtime in
          let router = Router()
          router.get("crash") { _, _ -> String in "\(crash())" }
          let (ports, port) = AsyncStream.makeStream(of: Int.self)
          let application = Application(
            router: router,
            configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { port.yield($0.localAddress!.port!) },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
          )
          let group = ServiceGroup(
            services: [try application.contained(on: runtime)],
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
          )
          async let ended: Void = group.run()
          for await port in ports {
            guard try await status(port, "/crash") == 500 else { return false }
            break
          }
          await group.triggerGracefulShutdown()
          try await ended
          return true
        }
      }
    }

    @Test(
      arguments: [
        "\u{0}\u{1}\u{2}", "GET", "GET /crash HTTP/9.9", "POST /hello HTTP/1.1\r\nContent-Length: -1",
        "GET /hello HTTP/1.1\r\nHost: here\r\nX: \(String(repeating: "a", count: 100_000))",
      ]
    )
    func `A3: bytes that are not HTTP are answered with an error or closed, and others go on`(head: String) async {
      await #expect(processExitsWith: .exitCode(0)) { [head] in
        try await endServer { port, runtime, _ in
          let text = try await Client.connect(port) { client in
            try await client.send(head + "\r\n\r\n")
            return try await client.rest()
          }
          let next = try await status(port, "/hello")
          return !text.contains("200") && next == 200 && runtime.crashedTasks == 0
        }
      }
    }

    @Test func `A3: clients that send half a request, never read, or leave do not disturb others`() async {
      await #expect(processExitsWith: .exitCode(0)) {
        try await endServer { router in
          router.get("large") { _, _ in
            Response(
              status: .ok,
              body: ResponseBody { writer in
                for _ in 0..<1_000 { try await writer.write(ByteBuffer(repeating: 65, count: 1 << 16)) }
                try await writer.finish(nil)
              }
            )
          }
          router.get("slow") { _, _ in
            try await rest(for: .milliseconds(20))
            return "\(crash())"
          }
        } ifHolds: { port, runtime, _ in
          try await Client.connect(port) { half in
            try await half.send("GET /hello HTTP/1.1\r\nHo")
            let deaf = Task {
              try await Client.connect(port) { client in
                try await client.send("GET /large HTTP/1.1\r\nHost: here\r\n\r\n")
                try await rest(for: .seconds(1_000))
              }
            }
            defer { deaf.cancel() }
            for _ in 0..<20 {
              try await Client.connect(port) { try await $0.send("GET /slow HTTP/1.1\r\nHost: here\r\n\r\n") }
            }
            while runtime.crashedTasks < 20 { await Task.yield() }
            try await half.send("st: here\r\n\r\n")
            guard try await half.answer()?.status == 200 else { return false }
            return try await status(port, "/hello") == 200
          }
        }
      }
    }
  }
#endif

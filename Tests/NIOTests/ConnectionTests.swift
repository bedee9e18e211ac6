// SPDX-License-Identifier: Apache-2.0
//
// Connections that processes serve: what they read and write, and what the end of one side means to the other.

#if NIO
  import Joist
  import JoistNIO
  import NIOCore
  import NIOPosix
  import Synchronization
  import TestSupport
  import Testing

  /// Writes back what it reads.
  private let echo: Serve = { connection, process in
    while let bytes = try connection.read(in: process) { try connection.write(bytes, in: process) }
  }

  private enum Mail: Sendable {
    case bytes(ByteBuffer?)
    case text(String)
  }

  private struct Refused: Error {}

  /// A handler, as a codec is one, that cannot write one value.
  private final class Refusing: ChannelOutboundHandler, Sendable {
    typealias OutboundIn = ByteBuffer

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
      if String(buffer: unwrapOutboundIn(data)) == "bad" {
        promise?.fail(Refused())
      } else {
        context.write(data, promise: promise)
      }
    }
  }

  @Suite(.timeLimit(.minutes(15))) struct ConnectionTests {
    @Test func `A3, S3: a process for each of many connections reads and writes in order`() throws {
      let (clients, each) = (many(500), 20)
      let right = Count()
      let statistics = try withRuntime(.init(schedulers: 2)) { runtime in
        try withServer(runtime) {
          $0.serve(on: runtime, echo)
        } _: { address in
          for number in 0..<clients {
            _ = try connect(address) { channel in
              channel.serve(on: runtime) { connection, process in
                for round in 0..<each {
                  let text = "client \(number) round \(round)"
                  try connection.write(text, in: process)
                  if try connection.read(text.utf8.count, in: process) == text { right.add() }
                }
              }
            }
          }
          wait(until: "all clients have been answered", on: runtime) { right.total == clients * each }
        }
      }
      #expect(statistics.trapsContained == 0)
    }

    @Test func `S3: what a process does not read stays with the peer, and arrives whole when it reads`() throws {
      let size = 64 << 20
      let (isWritten, mayRead, read) = (Count(), Count(), Count())
      _ = try withRuntime(.init(schedulers: 2)) { runtime in
        try withServer(runtime) { channel in
          channel.serve(on: runtime, limits: .init(inbound: 4)) { connection, process in
            while mayRead.total == 0 { try process.sleep(for: .milliseconds(1)) }
            while let bytes = try connection.read(in: process) { read.add(bytes.readableBytes) }
            read.add()
          }
        } _: { address in
          let client = try connect(address) { channel in
            channel.serve(on: runtime) { connection, process in
              let block = ByteBuffer(repeating: 7, count: 1 << 16)
              for _ in 0..<(size >> 16) {
                try connection.write(block, in: process)
                isWritten.add(1 << 16)
              }
            }
          }
          var last = -1
          wait(until: "the client waits", on: runtime) {
            defer { last = isWritten.total }
            return last == isWritten.total && last > 0
          }
          #expect(isWritten.total < size / 2)
          mayRead.add()
          wait(until: "everything was read", on: runtime) { read.total == size + 1 }
          try client.closeFuture.wait()
        }
      }
    }

    @Test func `S3: a peer that writes no more still gets its answer`() throws {
      let answers = Log<String>()
      _ = try withRuntime(.init(schedulers: 2)) { runtime in
        try withServer(runtime) { channel in
          channel.serve(on: runtime) { connection, process in
            let all = try connection.read(.max, in: process)
            try connection.write("you wrote \(all)", in: process)
          }
        } _: { address in
          let client = try connect(address) { channel in
            channel.serve(on: runtime) { connection, process in
              try connection.write("hello", in: process)
              connection.closeOutput()
              answers.add(try connection.read(.max, in: process))
            }
          }
          try client.closeFuture.wait()
        }
      }
      #expect(answers.entries == ["you wrote hello"])
    }

    @Test func `S3: what was written before an orderly end arrives, and then the end`() throws {
      let size = 4 << 20
      let got = Log<Int>()
      _ = try withRuntime(.init(schedulers: 2)) { runtime in
        try withServer(runtime) { channel in
          channel.serve(on: runtime) { connection, process in
            try connection.write(ByteBuffer(repeating: 7, count: size), in: process)
          }
        } _: { address in
          let client = try connect(address) { channel in
            channel.serve(on: runtime) { connection, process in
              var count = 0
              while let bytes = try connection.read(in: process) { count += bytes.readableBytes }
              got.add(count)
            }
          }
          try client.closeFuture.wait()
        }
      }
      #expect(got.entries == [size])
    }

    @Test func `S3: flush returns when the system has what was written`() throws {
      let steps = Log<String>()
      _ = try withRuntime(.init(schedulers: 2)) { runtime in
        try withServer(runtime) {
          $0.serve(on: runtime, echo)
        } _: { address in
          let client = try connect(address) { channel in
            channel.serve(on: runtime) { connection, process in
              for _ in 0..<100 { try connection.write("0123456789", in: process) }
              try connection.flush(in: process)
              steps.add("flushed")
              steps.add("\(try connection.read(1_000, in: process).utf8.count)")
            }
          }
          try client.closeFuture.wait()
        }
      }
      #expect(steps.entries == ["flushed", "1000"])
    }

    @Test func `S3: a write that the pipeline refuses makes a later call throw its error`() throws {
      let seen = Log<String>()
      _ = try withRuntime(.init(schedulers: 2)) { runtime in
        let setUp: SetUp = { channel in
          channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Refusing()) }.flatMap {
            channel.serve(on: runtime) { connection, process in
              do {
                for text in ["good", "bad"] { try connection.write(text, in: process) }
                try connection.flush(in: process)
              } catch is Refused { seen.add("refused") }
            }
          }
        }
        try withServer(runtime, setUp) { address in
          let client = try connect(address) { channel in
            channel.serve(on: runtime) { connection, process in seen.add(try connection.read(.max, in: process)) }
          }
          try client.closeFuture.wait()
        }
      }
      #expect(seen.entries.sorted() == ["good", "refused"])
    }

    @Test func `P5: a crash closes its connection, and the others go on`() throws {
      let (ends, right) = (Log<String>(), Count())
      let statistics = try withRuntime(.init(schedulers: 2)) { runtime in
        try withServer(runtime) { channel in
          channel.serve(on: runtime) { connection, process in
            while let bytes = try connection.read(in: process) {
              if String(buffer: bytes) == "crash" { _ = crash() }
              try connection.write(bytes, in: process)
            }
          }
        } _: { address in
          let client = try connect(address) { channel in
            channel.serve(on: runtime) { connection, process in
              try connection.write("crash", in: process)
              ends.add(try connection.read(.max, in: process))
            }
          }
          try client.closeFuture.wait()
          let other = try connect(address) { channel in
            channel.serve(on: runtime) { connection, process in
              try connection.write("hello", in: process)
              if try connection.read(5, in: process) == "hello" { right.add() }
            }
          }
          try other.closeFuture.wait()
        }
      }
      #expect(ends.entries == [""] && right.total == 1 && statistics.trapsContained == 1)
    }

    @Test func `S3: a process that waits for mail is told to exit when its peer is gone`() throws {
      let (reasons, isWritten) = (Log<String>(), Count())
      _ = try withRuntime(.init(schedulers: 2)) { runtime in
        try withServer(runtime) { channel in
          channel.serve(on: runtime, reading: ByteBuffer.self, writing: ByteBuffer.self, taking: Mail.self) {
            connection,
            process in
            process.ref.onEnd { reasons.add("\($0)") }
            try connection.write(ByteBuffer(string: "unread"), in: process)
            try connection.flush(in: process)
            isWritten.add()
            _ = try process.receive()
          }
        } _: { address in
          // A peer that closes with something unread resets the connection.
          let client = try connect(address) { $0.setOption(.autoRead, value: false) }
          wait(until: "there is something to read", on: runtime) { isWritten.total == 1 }
          try client.close().wait()
          wait(until: "the process has ended", on: runtime) { !reasons.entries.isEmpty }
        }
      }
      #expect(reasons.entries[0].contains("the connection is closed"), "\(reasons.entries)")
    }

    @Test func `S3: a read that takes too long throws, and a later one gets what came meanwhile`() throws {
      let seen = Log<String>()
      _ = try withRuntime(.init(schedulers: 2)) { runtime in
        try withServer(runtime) { channel in
          channel.serve(on: runtime) { connection, process in
            do { _ = try connection.read(in: process, timeout: .milliseconds(20)) } catch ConnectionError.timedOut {
              seen.add("timed out")
            }
            try connection.write("now", in: process)
            seen.add(try connection.read(5, in: process))
          }
        } _: { address in
          let client = try connect(address) { channel in
            channel.serve(on: runtime) { connection, process in
              _ = try connection.read(3, in: process)
              try connection.write("hello", in: process)
              _ = try connection.read(in: process)
            }
          }
          try client.closeFuture.wait()
        }
      }
      #expect(seen.entries == ["timed out", "hello"])
    }

    @Test func `M4: a process waits for mail and for bytes in one receive`() throws {
      let seen = Log<String>()
      _ = try withRuntime(.init(schedulers: 2)) { runtime in
        try withServer(runtime) { channel in
          channel.serve(on: runtime, reading: ByteBuffer.self, writing: ByteBuffer.self, taking: Mail.self) {
            connection,
            process in
            process.sendAfter(.milliseconds(5), to: process.ref, .text("mail"))
            try connection.deliverNext(to: process.ref, as: { .bytes($0) })
            while true {
              switch try process.receive() {
              case .text(let text):
                seen.add(text)
                try connection.write(ByteBuffer(string: text), in: process)
              case .bytes(let bytes?):
                seen.add(String(buffer: bytes))
                try connection.deliverNext(to: process.ref, as: { .bytes($0) })
              case .bytes(nil): return seen.add("end")
              }
            }
          }
        } _: { address in
          let client = try connect(address) { channel in
            channel.serve(on: runtime) { connection, process in
              try connection.write(connection.read(4, in: process), in: process)
            }
          }
          try client.closeFuture.wait()
          wait(until: "the end was seen", on: runtime) { seen.entries.last == "end" }
        }
      }
      #expect(seen.entries == ["mail", "mail", "end"])
    }

    @Test func `I2: a channel that no process can serve is closed`() throws {
      let runtime = try ProcessRuntime(.init(schedulers: 1))
      _ = runtime.shutdown(deadline: .seconds(60))
      try withServer(runtime) {
        $0.serve(on: runtime, echo)
      } _: { address in
        let client = try connect(address) { $0.eventLoop.makeSucceededVoidFuture() }
        try client.closeFuture.wait()
      }
    }

    @Test func `S3: connections of Unix sockets are served alike`() throws {
      let right = Count()
      _ = try withRuntime(.init(schedulers: 2)) { runtime in
        let path = "/tmp/joist-nio-\(UInt64.random(in: 0 ... .max))"
        try withServer(runtime, at: path) {
          $0.serve(on: runtime, echo)
        } _: { address in
          let client = try connect(address) { channel in
            channel.serve(on: runtime) { connection, process in
              try connection.write("hello", in: process)
              if try connection.read(5, in: process) == "hello" { right.add() }
            }
          }
          try client.closeFuture.wait()
        }
      }
      #expect(right.total == 1)
    }

    @Test func `S3: a process serves datagrams`() throws {
      typealias Datagram = AddressedEnvelope<ByteBuffer>
      let got = Log<String>()
      _ = try withRuntime(.init(schedulers: 2)) { runtime in
        let bootstrap = DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        let server = try bootstrap.channelInitializer { channel in
          channel.serve(on: runtime, reading: Datagram.self, writing: Datagram.self, taking: Never.self) {
            connection,
            process in
            while let datagram = try connection.read(in: process) { try connection.write(datagram, in: process) }
          }
        }.bind(host: "127.0.0.1", port: 0).wait()
        let client = try DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton).channelInitializer { channel in
          channel.serve(on: runtime, reading: Datagram.self, writing: Datagram.self, taking: Never.self) {
            connection,
            process in
            let datagram = Datagram(remoteAddress: server.localAddress!, data: ByteBuffer(string: "hello"))
            // A datagram may be lost.
            while got.entries.isEmpty {
              try connection.write(datagram, in: process)
              let answer = try? connection.read(in: process, timeout: .milliseconds(100))
              if let answer { got.add(String(buffer: answer.data)) }
            }
          }
        }.bind(host: "127.0.0.1", port: 0).wait()
        try client.closeFuture.wait()
        try server.close().wait()
      }
      #expect(got.entries.first == "hello")
    }
  }
#endif

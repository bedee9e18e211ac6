// SPDX-License-Identifier: Apache-2.0
//
// A server that writes back what it reads, with a process for each connection: `nc 127.0.0.1 7000`. The line "crash"
// ends its connection and no other.

#if NIO
  import Joist
  import JoistNIO
  import NIOCore
  import NIOPosix

  let runtime = try ProcessRuntime()
  let server = ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup).childChannelInitializer { channel in
    channel.serve(on: runtime) { connection, process in
      while let bytes = try connection.read(in: process, timeout: .seconds(60)) {
        if String(buffer: bytes) == "crash\n" { fatalError("the peer wanted it") }
        try connection.write(bytes, in: process)
      }
    }
  }
  try await server.bind(host: "127.0.0.1", port: 7000).get().closeFuture.get()
#else
  print("build this example with SwiftNIO: swift run -c release --traits NIO Echo")
#endif

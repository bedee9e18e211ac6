// SPDX-License-Identifier: Apache-2.0
//
// The main point of this example. A process that traps does not release what it holds: its `defer` blocks do not run.
// Therefore a connection does not own its socket. A separate process owns it, monitors the connection, and closes the
// socket when the connection has ended for any reason.

import Joist
import JoistSupervision

/// A server that owns the sockets of all connections, and is simple enough that nothing in it can trap.
struct SocketOwner: Server {
  /// The name under which the acceptor finds the server, also after a restart.
  static let name = "sockets"

  /// A message to the server.
  enum Message: Sendable {
    /// A client has connected; the server owns the socket from now on.
    case accepted(Socket)
    /// The process of a connection has ended.
    case ended(Down)
    /// A connection asks for the number of connections and traps.
    case standing(ReplyTo<Standing>)
  }

  /// The number of open connections, and of connections that have trapped.
  struct Standing: Sendable {
    var open = 0
    var trapped = 0
  }

  private var sockets: [MonitorID: Socket] = [:]
  private var trapped = 0

  mutating func handle(_ message: sending Message, in process: ProcessContext<Message>) {
    switch message {
    case .accepted(let socket):
      let owner = process.ref
      let (_, monitor) = process.spawnMonitored(down: Message.ended) { connection in
        var conversation = Conversation(over: socket, owner: owner)
        try conversation.run(connection)
      }
      sockets[monitor] = socket
    case .ended(let down):
      let socket = sockets.removeValue(forKey: down.monitor)
      switch down.reason {
      case .trap, .stackOverflow: trapped += 1
      default: break
      }
      // The descriptor may be closed only now, since the process that waited for it has ended.
      socket?.close()
    case .standing(let reply):
      reply.send(Standing(open: sockets.count, trapped: trapped))
    }
  }
}

/// Accepts connections and passes each to the owner at once, with no code in between that could trap.
struct Acceptor {
  let listener: Socket

  func run(_ process: ProcessContext<Never>) throws {
    guard let owner = try process.lookup(SocketOwner.name, as: SocketOwner.Message.self) else {
      try process.exit(.noProcess)
    }
    while true {
      _ = try process.waitReadable(listener.descriptor)
      do throws(SocketError) {
        while let socket = try listener.accept() { owner.send(.accepted(socket)) }
      } catch {
        // No descriptor is free, so clients wait until a connection ends.
        try process.sleep(for: .milliseconds(100))
      }
    }
  }
}

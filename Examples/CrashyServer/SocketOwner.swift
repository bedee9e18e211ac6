// SPDX-License-Identifier: Apache-2.0
//
// The lesson of this example. What a process holds when it traps is not released: its `defer` blocks do not run. So
// no connection owns its socket. Another process does, which monitors the connection and closes the socket when that
// has ended, however it did.

import Joist
import JoistSupervision

/// Owns the sockets of all connections, and is so plain that nothing in it can trap.
struct SocketOwner: Server {
  /// The name under which it is found, also after a restart.
  static let name = "sockets"

  /// What it is sent.
  enum Message: Sendable {
    /// A client has connected: the socket is the owner's from now on.
    case accepted(Socket)
    /// A connection's process has ended.
    case ended(Down)
    /// Somebody wants to know how things are.
    case standing(ReplyTo<Standing>)
  }

  /// How many connections there are, and how many have trapped.
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
      // The process is gone, so nobody waits for the descriptor any more: only now may it be closed.
      socket?.close()
    case .standing(let reply):
      reply.send(Standing(open: sockets.count, trapped: trapped))
    }
  }
}

/// Accepts connections and gives each to the owner at once: between the two there is nothing that could trap.
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
        // No descriptor is free: clients wait until a connection ends.
        try process.sleep(for: .milliseconds(100))
      }
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// How a server runs.
// SR1. What it has to continue comes before the next message, also before one that lies there already.
// SR2. `terminate` is called once, after the last message and before the process ends, unless the server has not
//      started, or was killed.
// SR3. The reason that `terminate` is given is the one that the process ends with: what it was told counts before what
//      it throws.
// SR4. Between two calls all that it still needs of its private heap is in it. If its type says where, the heap is
//      collected there when that is worth it.
// SR5. An exit signal of its parent ends it, whatever the reason, after `terminate`. Where it traps exits, that is when
//      the message that was made of the signal has its turn, which is not handled, or before it continues.

import Joist

struct ServerLoop<S: Server> {
  private var server: S
  /// Whether its type says where its references are (SR4).
  private let isTraceable = S.self is any HeapTraceable.Type

  init(server: sending S) { self.server = server }

  mutating func run(_ process: ProcessContext<S.Message>, whenStarted: () -> Void = {}) throws {
    try server.start(in: process)
    whenStarted()
    do {
      while true { try turn(process) }
    } catch {
      let reason = ExitReason(of: process, throwing: error)  // SR3
      if process.isKilled { throw error }  // SR2
      server.terminate(reason, in: process)
      throw error
    }
  }

  private mutating func turn(_ process: ProcessContext<S.Message>) throws {
    collect(process)
    try endIfParentHas(process)
    while server.continues {  // SR1
      try process.reduce(1)
      try endIfParentHas(process, early: true)
      try server.handleContinue(in: process)
      collect(process)
    }
    guard let timeout = server.idleTimeout else {
      let message = try process.receive()
      try endIfParentHas(process)
      return try server.handle(message, in: process)
    }
    if let message = try process.receive(timeout: timeout) {
      try endIfParentHas(process)
      try server.handle(message, in: process)
    } else {
      try server.handleTimeout(in: process)
    }
  }

  /// Ends the server if its parent has told it to exit, or ended (SR5).
  private func endIfParentHas(_ process: ProcessContext<S.Message>, early: Bool = false) throws {
    if let reason = process.parentExit(early: early) { try process.exit(reason) }
  }

  private mutating func collect(_ process: ProcessContext<S.Message>) {
    if isTraceable { process.collectIfTraceable(keeping: &server) }
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// The loop that runs a server.
// - While the server `continues`, `handleContinue` is called before the next message, even if one is in the mailbox.
// - `terminate` is called once, after the last message and before the process ends, unless the server has not started
//   or was killed. Its reason is the one that the process ends with.
// - Between two calls the server refers to everything that it still needs of its private heap. If its type is
//   `HeapTraceable`, the heap is collected there when a collection is due.
// - An exit signal of the parent ends the server after `terminate`, whatever the reason. A server that traps exits ends
//   when it receives the message that was made of the signal, which is not handled, or before it continues.

import Joist

struct ServerLoop<S: Server> {
  private var server: S
  /// Whether the server's type can trace its references into the private heap.
  private let isTraceable = S.self is any HeapTraceable.Type

  init(server: sending S) { self.server = server }

  /// Runs the server until it ends; returns only by throwing.
  mutating func run(_ process: ProcessContext<S.Message>, whenStarted: () -> Void = {}) throws {
    try process.startUnlessIgnored { try server.start(in: process) }
    whenStarted()
    do {
      while true { try turn(process) }
    } catch {
      let reason = ExitReason(of: process, throwing: error)
      if process.isKilled { throw error }
      server.terminate(reason, in: process)
      throw error
    }
  }

  /// Does the work before the next message, then handles one message or one timeout.
  private mutating func turn(_ process: ProcessContext<S.Message>) throws {
    collect(process)
    try endIfParentHas(process)
    while server.continues {
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

  /// Exits if the parent has sent an exit signal or has ended.
  ///
  /// With `early`, a signal counts as soon as it is taken in; otherwise once the process has received its message.
  private func endIfParentHas(_ process: ProcessContext<S.Message>, early: Bool = false) throws {
    if let reason = process.parentExit(early: early) { try process.exit(reason) }
  }

  private mutating func collect(_ process: ProcessContext<S.Message>) {
    if isTraceable { process.collectIfTraceable(keeping: &server) }
  }
}

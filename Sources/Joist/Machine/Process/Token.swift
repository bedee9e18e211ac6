// SPDX-License-Identifier: Apache-2.0
//
// The trace token of a process, and how it gets from one process to the next.
// TK1. A process that has a token has the trait in its record and the number in its extras. A node has a place for a
//      token only if its sender had one when the node was taken: behind the payload and the place of a ticket, also
//      where there is no ticket.

import Synchronization

extension ProcessContext where Message: ~Copyable {
  /// The trace token of the process: the one of the message that it has received last, unless the process has set
  /// another one since.
  ///
  /// Setting it does not park; the first time, it may allocate.
  public var traceToken: TraceToken? {
    get {
      _ = record.here(generation)
      return record.token
    }
    nonmutating set {
      _ = record.here(generation)
      record.setToken(newValue)
    }
  }
}

extension Handle<ProcessRecord> {
  /// The token of the process, for the process itself.
  var token: TraceToken? { it.hasToken ? extras().it.token : nil }

  /// Gives the process that runs here a token, or takes it from it.
  func setToken(_ token: TraceToken?) {
    if token == nil && !it.hasToken { return }
    guard let extras = extrasIfPossible(), self.token != token else { return }
    store(token, in: extras)
    Scheduler.current!.record(.token, payload: token?.number ?? 0)
  }

  /// Gives a process that is being made the token of the one that spawns it; without memory it has none.
  ///
  /// A recording does not say so: it says who spawned whom.
  @inline(never)
  func inheritToken(of spawner: ProcessHandle) {
    if let extras = extrasIfPossible() { store(spawner.token, in: extras) }
  }

  private func store(_ token: TraceToken?, in extras: Handle<ProcessExtras>) {
    extras.it.token = token
    it.hasToken = token != nil
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// How a server ends with its parent, also when it traps exits, as OTP's `gen_server` does.
// PE1. An exit signal of the parent that the process traps becomes a message, as any other does, with a mark: when the
//      process receives or flushes that message, the loop that runs it finds the reason, and ends. So what was sent
//      before is handled before.
// PE2. Where the process traps no exits, the end of the parent over a link is a reason to exit, `.normal` too.

/// Whose exit signals end a process, and what they said.
final class ParentExit {
  fileprivate let parent: ProcessID
  /// Of the first signal.
  fileprivate var reason: ExitReason?
  fileprivate var isReceived = false

  init(_ parent: ProcessID) { self.parent = parent }
}

extension ProcessContext where Message: ~Copyable {
  /// As `spawnLinked`; the new process ends with this one, whatever the reason (PE1, PE2).
  package func spawnEndingWithThis<M: ~Copyable>(
    _ type: M.Type,
    options: SpawnOptions,
    _ body: sending @escaping (ProcessContext<M>) throws -> Void
  ) -> ProcessRef<M> {
    let spawned = try? tryMakeLinked(SpawnRequest(options, body)) { $0.services().it.parentExit = ParentExit(id) }
    return ProcessRef(orTold(spawned))
  }

  /// The reason of the parent's exit signal, once the message that was made of it was received; or, `early`, once the
  /// signal was taken in.
  package func parentExit(early: Bool) -> ExitReason? {
    _ = record.here(generation)
    guard let exit = record.servicesIfAny?.it.parentExit else { return nil }
    return early || exit.isReceived ? exit.reason : nil
  }

  /// Whether this process was killed; an exit with `.killed` over a link is no kill.
  package var isKilled: Bool {
    _ = record.here(generation)
    return record.it.signals.relaxed.contains(.kill)
  }
}

extension Handle<ProcessRecord> {
  /// Whether a process with those bits is the parent with which this one ends.
  func isParent(_ sender: UInt64) -> Bool {
    sender != 0 && servicesIfAny?.it.parentExit?.parent.bits == sender
  }

  /// Marks the message that was made of the parent's exit signal (PE1).
  func markParentExit(_ node: Handle<MessageNode>, _ reason: ExitReason) {
    guard let exit = services().it.parentExit else { return }
    node.it.kind = .parentExit
    if exit.reason == nil { exit.reason = reason }
  }

  /// The message has left the mailbox for the process.
  func noteParentExitReceived() { services().it.parentExit?.isReceived = true }
}

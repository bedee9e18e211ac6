// SPDX-License-Identifier: Apache-2.0
//
// The end of a server with its parent, also if it traps exits, as OTP's `gen_server` does.
// PE1. If the process traps exits, an exit signal of its parent becomes a message like any other, but with a mark. When
//      the process receives or flushes that message, the loop that runs the server finds the reason and ends. So
//      messages that were sent before are handled before.
// PE2. If the process does not trap exits, the end of its parent over a link makes it exit, even for `.normal`.

/// The parent with which a process ends, and the parent's exit signal.
final class ParentExit {
  fileprivate let parent: ProcessID
  /// The reason of the first signal; nil before that.
  fileprivate var reason: ExitReason?
  /// Whether the process has received the message that was made of the signal.
  fileprivate var isReceived = false

  init(_ parent: ProcessID) { self.parent = parent }
}

extension ProcessContext where Message: ~Copyable {
  /// Creates a linked process that ends with this one, whatever the reason (PE1, PE2).
  package func spawnEndingWithThis<M: ~Copyable>(
    _ type: M.Type,
    options: SpawnOptions,
    _ body: sending @escaping (ProcessContext<M>) throws -> Void
  ) -> ProcessRef<M> {
    let spawned = try? tryMakeLinked(SpawnRequest(options, body)) { $0.services().it.parentExit = ParentExit(id) }
    return ProcessRef(orTold(spawned))
  }

  /// Returns the reason of the parent's exit signal once the message that was made of it was received; nil before that.
  ///
  /// With `early` it returns the reason as soon as the signal was taken in.
  package func parentExit(early: Bool) -> ExitReason? {
    _ = record.here(generation)
    guard let exit = record.servicesIfAny?.it.parentExit else { return nil }
    return early || exit.isReceived ? exit.reason : nil
  }

  /// Whether this process was killed; an exit signal with `.killed` over a link is not a kill.
  package var isKilled: Bool {
    _ = record.here(generation)
    return record.it.signals.relaxed.contains(.kill)
  }
}

extension Handle<ProcessRecord> {
  /// Returns whether the sender with those bits is the parent with which this process ends.
  func isParent(_ sender: UInt64) -> Bool {
    sender != 0 && servicesIfAny?.it.parentExit?.parent.bits == sender
  }

  /// Marks the message that was made of the parent's exit signal (PE1).
  func markParentExit(_ node: Handle<MessageNode>, _ reason: ExitReason) {
    guard let exit = services().it.parentExit else { return }
    node.it.kind = .parentExit
    if exit.reason == nil { exit.reason = reason }
  }

  /// Notes that the message that was made of the parent's exit signal has left the mailbox.
  func noteParentExitReceived() { services().it.parentExit?.isReceived = true }
}

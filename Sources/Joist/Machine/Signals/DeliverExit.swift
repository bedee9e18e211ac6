// SPDX-License-Identifier: Apache-2.0
//
// Exit signals on their way, from `exit(_:)` or over a link into the inbox of the process that they are for.

import Synchronization

/// What an exit signal carries to its process.
struct ExitPayload {
  let reason: ExitReason
  /// The process whose end was the first in a chain of links; nil if the signal came over no link.
  let origin: ProcessID?
}

extension Handle<ProcessRecord> {
  /// Tells the process of that generation to exit, which takes back all its suspends.
  func tellToExit(_ reason: ExitReason, _ generation: UInt32) {
    let sender = Scheduler.current?.it.running?.it.identity
    deliverExit(reason, from: sender ?? ProcessID(bits: 0), generation)
  }

  /// Delivers a `.noProcess` exit signal to the running process, as linking to a dead process does.
  func tellOfNobody(_ id: ProcessID) { deliverExit(.noProcess, from: id, it.identity.generation) }

  /// Delivers an exit signal, which resumes and wakes the process.
  ///
  /// A signal over a link names the index of the link at the receiver, and the first process of the chain that ended.
  // Ordering: relaxed. The first load is a guess. The second one follows the push, and sees whether the push went to
  // the record's next process.
  func deliverExit(
    _ reason: ExitReason,
    from sender: ProcessID,
    _ generation: UInt32,
    link linkIndex: Int? = nil,
    origin: ProcessID? = nil
  ) {
    guard it.generation.load(ordering: .relaxed) == generation else { return }
    let delivery = Delivery.begin(ExitPayload.self)
    delivery.put(ExitPayload(reason: reason, origin: origin))
    let node = delivery.node
    node.it.kind = linkIndex == nil ? .exit : .linkExit
    node.it.sender = sender.bits
    node.it.sent = UInt64(linkIndex ?? 0)
    node.it.generation = generation
    var flags: Signals.Flags = .exit
    if linkIndex == nil, case .killed = reason { flags.insert(.kill) }
    let pushed = it.inbox.push(node)
    if case .refused = pushed { return node.discard() }
    // A process that has ended meanwhile gets no signal. The record's next process may still get the flag in rare
    // cases, and then looks and finds nothing.
    if it.generation.load(ordering: .relaxed) == generation, it.signals.raise(flags).suspends > 0 {
      takeEverySuspendBack(generation)
    }
    if case .claimed = pushed { return wake(from: delivery.scheduler) }
    if it.inbox.claim() { wake(from: delivery.scheduler) }
  }
}

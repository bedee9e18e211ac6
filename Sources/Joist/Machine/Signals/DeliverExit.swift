// SPDX-License-Identifier: Apache-2.0
//
// Exit signals on their way: from `exit(_:)`, or over a link, into the inbox of the process that they are for.

import Synchronization

/// What an exit signal carries to its process.
struct ExitNews {
  let reason: ExitReason
  /// The process whose end was the first of a chain of links; nil where the signal came over no link.
  let origin: ProcessID?
}

extension Handle<ProcessRecord> {
  /// Tells the process of that generation to exit; takes back every suspend.
  func tellToExit(_ reason: ExitReason, _ generation: UInt32) {
    let sender = Scheduler.current?.it.running?.it.identity
    deliverExit(reason, from: sender ?? ProcessID(bits: 0), generation)
  }

  /// As if a process that is linked to this one, which runs here, had ended: there is none.
  func tellOfNobody(_ id: ProcessID) { deliverExit(.noProcess, from: id, it.identity.generation) }

  /// Brings an exit signal, which resumes and wakes.
  ///
  /// Over a link it names the link's place at the receiver, and the process whose end was the first of a chain.
  // Ordering: the first look is a guess; the second is behind the push, and sees whether that was to the record's next
  // process.
  func deliverExit(
    _ reason: ExitReason,
    from sender: ProcessID,
    _ generation: UInt32,
    link place: Int? = nil,
    origin: ProcessID? = nil
  ) {
    guard it.generation.load(ordering: .relaxed) == generation else { return }
    let delivery = Delivery.begin(ExitNews.self)
    delivery.put(ExitNews(reason: reason, origin: origin))
    let node = delivery.node
    node.it.kind = place == nil ? .exit : .linkExit
    node.it.sender = sender.bits
    node.it.sent = UInt64(place ?? 0)
    node.it.generation = generation
    var flags: Signals.Flags = .exit
    if place == nil, case .killed = reason { flags.insert(.kill) }
    let pushed = it.inbox.push(node)
    if case .refused = pushed { return node.discard() }
    // One that has ended meanwhile is not told; its record's next process hardly ever is, and looks for nothing then.
    if it.generation.load(ordering: .relaxed) == generation, it.signals.raise(flags).suspends > 0 {
      takeEverySuspendBack(generation)
    }
    if case .claimed = pushed { return wake(from: delivery.scheduler) }
    if it.inbox.claim() { wake(from: delivery.scheduler) }
  }
}

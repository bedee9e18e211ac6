// SPDX-License-Identifier: Apache-2.0
//
// What few processes have: made when a process first needs it, kept with its record for later ones (R7).
// PX1. The lock guards bound, watches, links, timers, suspenders and lending. The rest is touched by whoever has the
//      process (A1).
// PX2. Who ends stores the next generation, takes all out of its inbox, and only then looks for extras. Whoever has got
//      the extras of another looks at that inbox, and only then at the generation. All but the generation is
//      sequentially consistent. So an end that finds no extras has emptied the inbox before there were any; whoever
//      gets them sees the inbox as it was left then, or later, and with it the generation. Nobody's watch is forgotten.

import Synchronization

/// What few processes have.
struct ProcessExtras: ~Copyable {
  /// Guards the next three, suspenders, lending and bound (PX1).
  let lock = SpinLock()
  /// Who wants to know when it ends.
  var watches = SlotMap<Watch>()
  /// The processes that it is linked to.
  var links = SlotMap<Link>()
  /// Messages that are to be sent to it later.
  var timers = ArmedTimers()
  // What an end looks at comes next to each other: most of it is nothing, in few cache lines.
  /// The address of its `SuspendLists`; zero until it first suspends or is suspended.
  let suspendListsBits = Atomic<UInt>(0)
  /// The address of the process that alone can end its present wait, which has no end of its own (CY1); zero for none.
  let waitsFor = Atomic<UInt>(0)
  /// The address of its private heap, zero until the record first has one (PH3); and how large that may become.
  let heap = Atomic<UInt>(0)
  var memoryLimit = Int.max
  /// The rest of what it is taking in, where what comes before that may run a user's code (MU2).
  var unsorted: Handle<MessageNode>?
  /// Requests that it has read and that may not be answered yet.
  var calls = OpenCalls()
  /// The locks and permits that it holds (HD1).
  var holdings = Holdings()
  /// What makes messages of exit signals, if it traps them.
  var exitTrap: NoticeMaker<ExitSignal>?
  /// The process whose end ended this one by a chain of links; nil if none did.
  var exitOrigin: ProcessID?
  /// What ends it with its parent, if it is a server that has one.
  var parentExit: ParentExit?
  /// Which child of which supervisor it is.
  var child: Report.Child?
  /// What priority is lent to it, and whom it lends its own (PI1).
  var lending = Lending()
  /// The processes that it monitors.
  var monitors = Monitors()
  /// The process that it calls (PI3).
  let callee = Callee()
  /// Why it ends, where the record's `exitNote` does not say.
  var exitReason = ExitReason.normal
  /// What it stands in line for (WL3).
  var turn: Grant?
  /// Of its mailbox, if that has one.
  var bound = MailboxLimit()
}

extension Handle<ProcessRecord> {
  /// Whether it has any.
  // Ordering: acquiring pairs with `makeExtras`: what they hold at first is seen. Sequentially consistent for PX2, both
  // here, where an end looks, and below.
  var hasExtras: Bool { it.extrasBits.load(ordering: .sequentiallyConsistent) != 0 }

  /// Its extras, made now if it has none.
  func extras() -> Handle<ProcessExtras> {
    guard let extras = extrasIfPossible() else { fatalError("Joist: there is no memory for what a process needs") }
    return extras
  }

  /// Its extras, made now if it has none; nil when there is no memory for them.
  func extrasIfPossible() -> Handle<ProcessExtras>? {
    Handle<ProcessExtras>(bits: it.extrasBits.load(ordering: .sequentiallyConsistent)) ?? makeExtras()
  }

  /// Whether it is still the process of that generation, for one who has got its extras (PX2).
  // Ordering: relaxed, for the look at the inbox is before it, and a newer generation is seen with that.
  func isStill(_ generation: UInt32) -> Bool {
    it.inbox.see()
    return it.generation.load(ordering: .relaxed) == generation
  }

  @inline(never)
  private func makeExtras() -> Handle<ProcessExtras>? {
    Handle<ProcessExtras>.install(ProcessExtras(), in: it.extrasBits)
  }
}

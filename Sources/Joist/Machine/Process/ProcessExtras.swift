// SPDX-License-Identifier: Apache-2.0
//
// State that few processes need. The first use of either part allocates both, and they stay with the record for later
// processes (R7): `ProcessExtras`, which the machine uses, and behind it `ServiceExtras`, which the services use. The
// lowest bit of the record's word says whether `ProcessExtras` are in use, so that the end of a process that has only
// services, such as a monitored one, looks at nothing else. The lock guards the mailbox limit, timers, suspenders and
// lending. The other fields belong to the process (PS1).
// PX2. An ending process stores the next generation, empties its inbox, and only then looks for extras. Another thread
//      that has obtained the extras looks at that inbox first and at the generation second. All these accesses except
//      those of the generation are sequentially consistent. So if an end finds no extras, it emptied the inbox before
//      they existed; a thread that obtains them later sees the inbox as that end left it, and with it the new
//      generation. Therefore no entry that a thread adds is forgotten.

import Synchronization

/// The machine's part of a process's extras.
struct ProcessExtras: ~Copyable {
  let lock = SpinLock()
  /// The messages that timers will send to this process.
  var timers = ArmedTimers()
  /// The address of its `SuspendLists`; zero until it first suspends or is suspended.
  let suspendListsBits = Atomic<UInt>(0)
  /// The limit of what heap, messages and frames may take together, in bytes.
  var memoryLimit = Int.max
  /// The rest of the messages being sorted, while an earlier one runs user code (MU2).
  var unsorted: Handle<MessageNode>?
  /// The locks and permits that it holds (HD1).
  var holdings = Holdings()
  /// The process whose end ended this one over a chain of links; nil if none did.
  var exitOrigin: ProcessID?
  /// The closure that makes messages of exit signals, if it traps them.
  var exitTrap: NoticeMaker<ExitSignal>?
  /// The priorities that are lent to it, and the process to which it lends its own (PI1).
  var lending = Lending()
  /// The process that it calls (PI3).
  let callee = Callee()
  /// The reason why it ends, where the record's `exitNote` is `other`.
  var exitReason = ExitReason.normal
  /// How often it has waited, by reason.
  var waits = WaitCounts()
  /// Its place in the wait queue of a lock, semaphore or other owner, so that its end can leave the queue (WL3).
  var grant: Grant?
  /// Whether it waits for a Swift task, so that the runtime is not idle.
  var awaitsTask = false
  /// Its trace token (TK1).
  var token: TraceToken?
  /// The limit of its mailbox, if it has one.
  var mailboxLimit = MailboxLimit()
}

extension Handle<ProcessRecord> {
  private static var inUse: UInt { 1 }

  // Ordering: sequentially consistent for PX2, both here, where an end looks, and below. That includes acquiring, which
  // pairs with the store of the address, so the extras' initial values are seen.
  var hasExtras: Bool { it.extrasBits.load(ordering: .sequentiallyConsistent) & Self.inUse != 0 }

  /// Its extras, allocated now if the record has none; ends the process if there is no memory for them.
  func extras() -> Handle<ProcessExtras> {
    guard let extras = extrasIfPossible() else { endForLackOfMemory() }
    return extras
  }

  /// Its extras, allocated now if the record has none; nil if there is no memory for them.
  func extrasIfPossible() -> Handle<ProcessExtras>? {
    let bits = it.extrasBits.load(ordering: .sequentiallyConsistent)
    if bits & Self.inUse != 0 { return Handle<ProcessExtras>(address: bits & ~Self.inUse) }
    return beginExtras()
  }

  /// The address of both parts; zero if the record has none.
  var extrasAddress: UInt { it.extrasBits.load(ordering: .sequentiallyConsistent) & ~Self.inUse }

  /// The address of both parts, allocated now if the record has none; nil if there is no memory for them.
  var extrasAddressIfPossible: UInt? {
    let address = extrasAddress
    return address == 0 ? allocateExtras() : address
  }

  /// Ends the process for lack of memory for its extras.
  func endForLackOfMemory() -> Never { fatalError("Joist: there is no memory for what a process needs") }

  @inline(never)
  private func beginExtras() -> Handle<ProcessExtras>? {
    guard let address = extrasAddressIfPossible else { return nil }
    it.extrasBits.bitwiseOr(Self.inUse, ordering: .sequentiallyConsistent)
    return Handle<ProcessExtras>(address: address)
  }

  /// Whether this is still the process of that generation; for a thread that has obtained its extras (PX2).
  // Ordering: relaxed, because the look at the inbox comes first, and an inbox that an end has emptied makes the newer
  // generation visible.
  func isStill(_ generation: UInt32) -> Bool {
    it.inbox.see()
    return it.generation.load(ordering: .relaxed) == generation
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// What few processes have: made when a process first needs it, kept with its record for later ones (R7).
// PX1. The lock guards bound, watches and links. The rest is touched by whoever has the process (A1).

import Synchronization

/// What few processes have.
struct ProcessExtras: ~Copyable {
  /// Guards the next three (PX1).
  let lock = SpinLock()
  /// Of its mailbox, if that has one.
  var bound = Bound()
  /// Who wants to know when it ends.
  var watches = Places<Watch>()
  /// The processes that it is linked to.
  var links = Places<Link>()
  /// The processes that it monitors.
  var monitors = Monitors()
  /// What makes messages of exit signals, if it traps them.
  var exitTrap: NoticeMaker<ExitSignal>?
  /// The rest of what it is taking in, where what comes before that may run a user's code (MU2).
  var unsorted: Handle<MessageNode>?
  /// Requests that it has read and that may not be answered yet.
  var calls = OpenCalls()
  /// What it stands in line for (WL3).
  var turn: Turn?
  /// The locks that it holds, the last one first.
  var held: LockCore?
  /// Why it ends, where the record's `exitNote` does not say.
  var exitReason = ExitReason.normal
}

extension Handle<ProcessRecord> {
  /// Whether it has any.
  var hasExtras: Bool { it.extrasBits.load(ordering: .acquiring) != 0 }

  /// Its extras, made now if it has none.
  func extras() -> Handle<ProcessExtras> {
    Handle<ProcessExtras>(bits: it.extrasBits.load(ordering: .acquiring)) ?? makeExtras()
  }

  @inline(never)
  private func makeExtras() -> Handle<ProcessExtras> {
    let made = Handle<ProcessExtras>.allocate(ProcessExtras())
    let (done, seen) = it.extrasBits.compareExchange(
      expected: 0,
      desired: made.bits,
      ordering: .acquiringAndReleasing
    )
    if done { return made }
    made.free()
    return Handle<ProcessExtras>(bits: seen)!
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// Where a process may be switched away from, and what it finds out there: only in the functions of this file.
// No thread-local is read but through `Scheduler.current`, which is never inlined, and nothing that was read so is used
// after a switch: the process may go on on another thread.

import CJoist
import Synchronization

extension Handle<ProcessRecord> {
  /// The scheduler that runs this process on this thread.
  ///
  /// Stops the program with a sentence where the context is used by anybody else: another process, another thread, a
  /// `blocking` closure.
  // Ordering: the process's own generation, here and below (R9).
  @inline(__always)
  func here(_ generation: UInt32) -> Handle<Scheduler> {
    guard let scheduler = Scheduler.current, scheduler.it.running == self,
      it.generation.load(ordering: .relaxed) == generation
    else { misused() }
    if !hasRoomToCall { overflow() }
    return scheduler
  }

  @inline(never)
  private func misused() -> Never {
    fatalError(
      "Joist: a process's context was used where its process does not run. It belongs to the body that was given it; "
        + "give others `process.ref`."
    )
  }

  /// What every suspension point begins with: the price, the checks, and what others want of the process.
  ///
  /// Returns the scheduler that the process is on then. A call after which it goes on owes it `signalDeferred`.
  @inline(__always)
  @discardableResult
  func suspensionPoint(_ generation: UInt32, cost: Int32) throws(ProcessExit) -> Handle<Scheduler> {
    var scheduler = here(generation)
    charge(cost)
    if it.reductionsLeft <= 0 { scheduler = leaveTo(.yielded, scheduler) }
    if !it.signals.relaxed.isDisjoint(with: .ofInterestInside) { scheduler = attend() }
    if it.flags.contains(.exiting) { try refuse() }
    return scheduler
  }

  /// Takes reductions off what is left of the slice; a debt has an end.
  @inline(__always)
  package func charge(_ cost: Int32) { it.reductionsLeft = max(it.reductionsLeft, -Cost.most) &- min(cost, Cost.most) }

  /// Pays for what a process has done, if it can go on just so; false when nothing was paid, and there is more to do.
  @inline(__always)
  func paysQuickly(_ generation: UInt32, _ cost: Int32) -> Bool {
    guard let scheduler = Scheduler.current, scheduler.it.running == self,
      it.generation.load(ordering: .relaxed) == generation, it.reductionsLeft > cost, scheduler.it.pendingWork.isEmpty,
      it.signals.relaxed.isDisjoint(with: .ofInterestInside), !it.flags.contains(.exiting)
    else { return false }
    it.reductionsLeft &-= cost
    return true
  }

  /// Pays for what a process has done, as a suspension point of its own.
  @inline(never)
  func pay(_ generation: UInt32, _ cost: Int32) throws(ProcessExit) {
    try suspensionPoint(generation, cost: cost).signalDeferred()
  }

  /// What every suspension point ends with: signals are taken in, and who was told to exit is refused.
  @inline(__always)
  func seeWhatOthersWant() throws(ProcessExit) {
    if !it.signals.relaxed.isDisjoint(with: .ofInterestInside) { _ = attend() }
    if it.flags.contains(.exiting) { try refuse() }
  }

  /// Switches away, if this is the process's own stack; in debug builds also if it is outside of every queue.
  @inline(__always)
  func leaveTo(_ outcome: Outcome, _ scheduler: Handle<Scheduler>) -> Handle<Scheduler> {
    guard it.slot!.it.contains(joist_stack_pointer()) else { onAnotherStack() }
    #if DEBUG
      if joist_thread_is_on_queue() { onQueue() }
    #endif
    return scheduler.switchAway(outcome)
  }

  @inline(never)
  private func onAnotherStack() -> Never {
    fatalError(
      "Joist: a suspension point was reached on another stack than the process's own, for instance inside "
        + "`queue.sync`. Receive first, then go there."
    )
  }

  #if DEBUG
    @inline(never)
    private func onQueue() -> Never {
      fatalError(
        "Joist: a process suspended inside `queue.sync`. The queue stays taken meanwhile, by a thread that runs other "
          + "processes. Receive first, then go there."
      )
    }
  #endif

  /// Takes signals in; a suspended process is away until it is resumed.
  @inline(never)
  private func attend() -> Handle<Scheduler> {
    collectMail()
    while it.signals.relaxed.suspends > 0 && !it.flags.contains(.exiting) {
      _ = leaveTo(.yielded, Scheduler.current!)
      collectMail()
    }
    return Scheduler.current!
  }

  /// Waits until it is woken: by a message, if it waits for mail, a timer, a signal, or for no reason.
  ///
  /// The caller tests again what it waits for.
  @discardableResult
  func wait(
    _ reason: WaitReason,
    on scheduler: Handle<Scheduler>,
    leaving outcome: Outcome = .blocked
  ) -> Handle<Scheduler> {
    if reason == .receive { it.flags.insert(.wantsMail) } else { it.flags.remove(.wantsMail) }
    it.wait.store(WaitNote(reason, since: scheduler.it.lastClock).bits, ordering: .relaxed)
    let now = leaveTo(outcome, scheduler)
    it.signals.clear(.woken)
    return now
  }
}

/// Why a process waits and since when, in a word.
struct WaitNote {
  let bits: UInt64

  init(bits: UInt64) { self.bits = bits }
  init(_ reason: WaitReason, since count: UInt64) { bits = UInt64(reason.rawValue) << 56 | (count << 8) >> 8 }

  var reason: WaitReason? { WaitReason(rawValue: UInt8(bits >> 56)) }
  /// On the cheap clock.
  var since: UInt64 { (bits << 8) >> 8 }
}

// SPDX-License-Identifier: Apache-2.0
//
// The only functions in which a process may be switched away from, and what it finds when it is back. Thread-local
// state is read only through `Scheduler.current`, which is never inlined, and nothing that was read that way is used
// after a switch: the process may continue on another thread.

import CJoist
import Synchronization

extension Handle<ProcessRecord> {
  /// Returns the scheduler that runs this process on this thread.
  ///
  /// Traps if the context is used elsewhere: by another process, another thread, or a `blocking` closure.
  // Ordering: relaxed, here and below. The process reads its own generation (R9).
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
      "Joist: a process's context was used where its process does not run. Only the body that received it may use it; "
        + "give `process.ref` to others."
    )
  }

  /// Begins a suspension point: charges the process, and handles what others ask of it.
  ///
  /// Returns the scheduler that the process is on then. A caller that does not wait afterwards owes it a
  /// `notifyDeferred`.
  @inline(__always)
  @discardableResult
  func suspensionPoint(_ generation: UInt32, cost: Int32) throws(ProcessExit) -> Handle<Scheduler> {
    var scheduler = here(generation)
    charge(cost)
    if it.reductionsLeft <= 0 { scheduler = leaveTo(.yielded, scheduler) }
    if !it.signals.relaxed.isDisjoint(with: .handledAtSuspensionPoints) { scheduler = attend() }
    if it.flags.contains(.exiting) { try refuse() }
    return scheduler
  }

  /// Charges reductions to the slice; the debt is limited.
  @inline(__always)
  package func charge(_ cost: Int32) { it.reductionsLeft = max(it.reductionsLeft, -Cost.most) &- min(cost, Cost.most) }

  /// Charges the process if nothing else is to be done; otherwise charges nothing and returns false.
  @inline(__always)
  func paysQuickly(_ generation: UInt32, _ cost: Int32) -> Bool {
    guard let scheduler = Scheduler.current, scheduler.it.running == self,
      it.generation.load(ordering: .relaxed) == generation, it.reductionsLeft > cost, scheduler.it.pendingWork.isEmpty,
      it.signals.relaxed.isDisjoint(with: .handledAtSuspensionPoints), !it.flags.contains(.exiting)
    else { return false }
    it.reductionsLeft &-= cost
    return true
  }

  /// Charges the process, with all that belongs to a suspension point.
  @inline(never)
  func pay(_ generation: UInt32, _ cost: Int32) throws(ProcessExit) {
    try suspensionPoint(generation, cost: cost).notifyDeferred()
  }

  /// Ends a suspension point: handles signals, and throws if the process was told to exit.
  @inline(__always)
  func seeWhatOthersWant() throws(ProcessExit) {
    if !it.signals.relaxed.isDisjoint(with: .handledAtSuspensionPoints) { _ = attend() }
    if it.flags.contains(.exiting) { try refuse() }
  }

  /// Switches away from the process, and returns the scheduler that it is on when it continues.
  ///
  /// Traps if this is not the process's own stack; in debug builds also if the thread is inside a dispatch queue.
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
      "Joist: a process reached a suspension point on a stack that is not its own, for instance inside "
        + "`queue.sync`. Receive before you enter it."
    )
  }

  #if DEBUG
    @inline(never)
    private func onQueue() -> Never {
      fatalError(
        "Joist: a process suspended inside `queue.sync`. Its thread holds the queue and goes on to run other "
          + "processes. Receive before you enter it."
      )
    }
  #endif

  /// Handles signals, and keeps a suspended process away until it is resumed.
  @inline(never)
  private func attend() -> Handle<Scheduler> {
    collectMail()
    // A process that runs a Swift task is kept away after that.
    while it.signals.relaxed.suspends > 0 && !it.flags.contains(.exiting) && !Scheduler.current!.isInTask {
      _ = leaveTo(.yielded, Scheduler.current!)
      collectMail()
    }
    return Scheduler.current!
  }

  /// Parks the process until it is woken: by a message if it waits for mail, by a timer or a signal, or for no reason.
  ///
  /// The caller then tests its condition again.
  @discardableResult
  func wait(
    _ reason: WaitReason,
    on scheduler: Handle<Scheduler>,
    leaving outcome: Outcome = .blocked
  ) -> Handle<Scheduler> {
    if reason == .receive { return waitForMail(on: scheduler, leaving: outcome) }
    it.flags.remove(.wantsMail)
    noteWait(reason, on: scheduler)
    return leave(to: outcome, scheduler, noting: reason)
  }

  /// Parks the process likewise until a message comes, the most frequent reason.
  @inline(__always)
  @discardableResult
  func waitForMail(on scheduler: Handle<Scheduler>, leaving outcome: Outcome = .blocked) -> Handle<Scheduler> {
    it.flags.insert(.wantsMail)
    return leave(to: outcome, scheduler, noting: .receive)
  }

  @inline(__always)
  private func leave(to outcome: Outcome, _ scheduler: Handle<Scheduler>, noting reason: WaitReason)
    -> Handle<Scheduler>
  {
    it.wait.store(WaitNote(reason, since: scheduler.it.lastClock).bits, ordering: .relaxed)
    let now = leaveTo(outcome, scheduler)
    it.signals.clear(.woken)
    return now
  }
}

/// Why and since when a process waits, in one word.
struct WaitNote {
  let bits: UInt64

  init(bits: UInt64) { self.bits = bits }
  init(_ reason: WaitReason, since count: UInt64) { bits = count &<< 8 | UInt64(reason.rawValue) }

  var reason: WaitReason? { WaitReason(rawValue: UInt8(truncatingIfNeeded: bits)) }
  /// The time at which the wait began, in ticks of the cheap clock.
  var since: UInt64 { bits >> 8 }
}

// SPDX-License-Identifier: Apache-2.0
//
// A process waits for an answer in its cell. Who asks opens the wait, tells somebody the ticket, and comes here.

import Synchronization

/// How a wait for an answer may end without one.
enum Interruptibility {
  /// With the time, or an exit.
  case interruptible
  /// With the time, or a kill: for calls that cannot throw.
  case killable
}

extension Handle<ProcessRecord> {
  /// A new wait of this process; not open yet.
  @usableFromInline
  func newTicket() -> WaitTicket {
    WaitTicket(cell, isExternal: false)
  }

  /// Waits for the answer to the ticket that was opened; nil when the time was over or an exit came first.
  ///
  /// A late answer then finds nobody.
  func awaitAnswer(_ reason: WaitReason, until deadline: Int64?, _ kind: Interruptibility = .interruptible)
    -> WaitResult?
  {
    var scheduler = Scheduler.current!
    charge(Cost.park)
    it.flags.insert(kind == .killable ? [.awaitsAnswer, .killable] : .awaitsAnswer)
    defer {
      it.flags.remove([.awaitsAnswer, .killable])
      Scheduler.current!.disarm(self)
    }
    while true {
      if let answer = it.cell.take() {
        if answer == .granted, hasExtras { extras().it.turn?.isGiven = true }
        takeSignalsIn()
        return answer
      }
      takeSignalsIn()
      if it.flags.contains(.exiting) && (kind != .killable || it.signals.relaxed.contains(.kill)) {
        return it.cell.close()
      }
      if let deadline {
        if !it.flags.contains(.timed) { scheduler.arm(self, deadline) }
        if isOverdue(on: scheduler) { return it.cell.close() }
      }
      scheduler = wait(reason, on: scheduler)
    }
  }

  /// What comes may run a user's code, which may trap (WL3).
  private func takeSignalsIn() {
    if !it.signals.relaxed.isDisjoint(with: [.exit, .kill, .overfull]) { collectMail() }
  }

  /// For a process that was killed in a call that cannot throw: its frames are never gone back to.
  func stayForEver() -> Never {
    it.signals.raise(.toldOfKill)
    while true { _ = leaveTo(.yielded, Scheduler.current!) }
  }

  /// Ends whatever wait the process was in: its frames are left for good.
  func forgetWait(on scheduler: Handle<Scheduler>) {
    scheduler.disarm(self)
    // One by one: in debug builds a list of them is an array, and there may be no memory (FA5).
    it.flags.remove(.killable)
    it.flags.remove(.awaitsAnswer)
    it.flags.remove(.wantsMail)
    let answer = cell.it.close()
    endCallLending()
    if hasExtras, let turn = extras().it.turn.take() {
      turn.giver.leaveLine(turn.place, hasTurn: turn.isGiven || answer == .granted)
      turn.place.free()
    } else {
      answer?.node?.discard()
    }
  }
}

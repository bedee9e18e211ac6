// SPDX-License-Identifier: Apache-2.0
//
// A process waits for the result in its cell (`OneShot`). It opens the wait, passes the ticket to whatever will provide
// the result, and then calls `awaitAnswer`.

import Synchronization

/// The ways in which a wait may end without a result.
enum Interruptibility {
  /// By its timeout or by an exit signal.
  case interruptible
  /// By its timeout or by a kill: for calls that cannot throw.
  case killable
}

extension Handle<ProcessRecord> {
  /// Returns a ticket for a new wait of this process, which is not open yet.
  @usableFromInline
  func newTicket() -> WaitTicket {
    WaitTicket(cell, isExternal: false)
  }

  /// Parks until the open ticket has its result; returns nil if the deadline or an exit came first.
  ///
  /// A result that comes later changes nothing (WC3).
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
      if let result = it.cell.take() {
        if result == .granted, hasExtras { extras().it.grant?.isGranted = true }
        takeSignalsIn()
        return result
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

  /// Takes in the signals that have come, which may run a user's code, which may trap (WL3).
  private func takeSignalsIn() {
    if !it.signals.relaxed.isDisjoint(with: [.exit, .kill, .overfull]) { collectMail() }
  }

  /// Yields until the process is reaped, for a process that was killed in a call that cannot throw: its body never
  /// continues.
  func stayForever() -> Never {
    it.signals.raise(.toldOfKill)
    while true { _ = leaveTo(.yielded, Scheduler.current!) }
  }

  /// Ends the wait that the process was in, if any, because its frames are abandoned.
  func forgetWait(on scheduler: Handle<Scheduler>) {
    scheduler.disarm(self)
    // One by one: in debug builds a list of them is an array, and there may be no memory (FA5).
    it.flags.remove(.killable)
    it.flags.remove(.awaitsAnswer)
    it.flags.remove(.wantsMail)
    let result = cell.it.close()
    // The word may have a message instead. Ordering: relaxed, the process's own.
    if WaitEdge(word: it.arrivedWord.load(ordering: .relaxed)) != nil { endEdge() }
    endCallLending()
    endTaskWait()
    if hasExtras, let grant = extras().it.grant.take() {
      grant.owner.leaveQueue(grant.node, isGranted: grant.isGranted || result == .granted)
      grant.node.free()
    } else {
      result?.node?.discard()
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// What a `Lock` is beneath its type: who holds it, and who waits.
// LK1. A lock that is let go is the first one's in line before that is told. Until that one has said who it is, the
//      holder is `.other`.
// LK2. A process has a list of the locks that it holds, for its end: one that was killed in them passes them on, and
//      they are inconsistent from then on.

/// One lock.
// Sound: the fields are touched under the lock, but for `nextHeld`, which is the holder's.
final class LockCore: @unchecked Sendable {
  private let lock = SpinLock()
  private var holder: Holder?
  private var line = Line()
  private var inconsistent = false
  /// The lock that its holder took before this one (LK2).
  fileprivate var nextHeld: LockCore?

  /// Who has it.
  private enum Holder: Equatable {
    case process(ProcessHandle, ProcessID)
    /// A thread that is no process, or the first in line that was (LK1).
    case other
  }

  /// Takes the lock, waiting in line; false when the process was killed while it waited.
  func acquire() -> Bool {
    Scheduler.beginCall()
    let process = Scheduler.current?.it.running
    let me: Holder = process.map { .process($0, $0.id) } ?? .other
    guard take(me) || waitInLine(me) else { return false }
    if let process {
      let extras = process.extras()
      nextHeld = extras.it.held
      extras.it.held = self
    }
    return true
  }

  private func take(_ me: Holder, orStandIn place: Handle<LinePlace>? = nil) -> Bool {
    let isTaken: Bool? = lock.withLock {
      if holder == me && me != .other { return nil }
      if holder == nil {
        holder = me
        return true
      }
      if let place {
        place.it.ticket.open()
        line.append(place)
      }
      return false
    }
    // Said without the lock: it ends the process, whose locks are passed on then.
    guard let isTaken else { fatalError("Joist: a process took a lock again that it holds") }
    return isTaken
  }

  private func waitInLine(_ me: Holder) -> Bool {
    let waiter = Waiter.here()
    let place = Handle<LinePlace>.allocate(LinePlace(waiter.ticket, amount: 1))
    defer {
      place.free()
      waiter.finish()
    }
    waiter.stand(place, for: self)
    if take(me, orStandIn: place) { return true }
    let isMine = waiter.wait(.turn, until: nil, .deaf) != nil
    lock.withLock { if isMine { holder = me } else { _ = line.remove(place) } }
    return isMine
  }

  /// Lets the lock go.
  func release() {
    if case .process(let process, _) = lock.withLock({ holder }) { process.forgetHeld(self) }
    passOn()
  }

  /// The holder was killed in it (LK2).
  fileprivate func abandon() {
    lock.withLock { inconsistent = true }
    passOn()
  }

  /// The first in line has it (LK1).
  private func passOn() {
    while let ticket = nextInLine() {
      if ticket.answer(.granted, from: Scheduler.current) { return }
    }
  }

  private func nextInLine() -> WaitTicket? {
    lock.withLock {
      let first = line.popFirst()
      holder = first == nil ? nil : .other
      return first?.ticket
    }
  }

  /// The process that holds it.
  var owner: ProcessID? {
    if case .process(_, let id) = lock.withLock({ holder }) { return id }
    return nil
  }

  var isInconsistent: Bool { lock.withLock { inconsistent } }
  func markConsistent() { lock.withLock { inconsistent = false } }
}

extension LockCore: TurnGiver {
  func leaveLine(_ place: Handle<LinePlace>, hasTurn: Bool) {
    lock.withLock { _ = line.remove(place) }
    if hasTurn { passOn() }
  }
}

extension Handle<ProcessRecord> {
  /// A lock is let go: usually the last one that was taken.
  fileprivate func forgetHeld(_ core: LockCore) {
    let extras = extras()
    if extras.it.held === core {
      extras.it.held = core.nextHeld
    } else {
      var here = extras.it.held
      while let lock = here, lock.nextHeld !== core { here = lock.nextHeld }
      here?.nextHeld = core.nextHeld
    }
    core.nextHeld = nil
  }

  /// Passes on the locks of a process that was killed in them.
  func abandonLocks() {
    let extras = extras()
    while let core = extras.it.held {
      extras.it.held = core.nextHeld
      core.nextHeld = nil
      core.abandon()
    }
  }
}

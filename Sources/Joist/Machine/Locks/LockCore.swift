// SPDX-License-Identifier: Apache-2.0
//
// What a `ProcessLock` is beneath its type: who holds it, and who waits.
// LK1. A lock that is let go is the first one's in line before that is told. A process has it by name from then on; for
//      anybody else the holder is `.thread` until that one has said who it is.
// LK2. The holder has noted that (HD1). A process that was killed in it, or a process or closure that crashed in it,
//      passes it on, and it is inconsistent from then on.

import Synchronization

/// One lock.
// Sound: the fields are touched under the lock, except `heldBefore`, which is the holder's.
final class LockCore: @unchecked Sendable {
  private let lock = SpinLock()
  private var holder: Holder?
  private var line = WaitQueue()
  /// The priorities in the line.
  private var waiting = PriorityCounts()
  /// The most urgent of them, for the holder to read; `noPriority` for none.
  // Ordering: relaxed; stored under the lock, before the lock of the holder's extras is taken, and read under that.
  private let mostUrgent = Atomic<UInt8>(LockCore.noPriority)
  private static var noPriority: UInt8 { .max }
  private var inconsistent = false
  /// The lock that its holder took before this one (HD1).
  var heldBefore: LockCore?

  /// Takes the lock, waiting in line; false when the process was killed while it waited.
  func acquire() -> Bool {
    Scheduler.beginCall()
    let me = Holder.here
    me.makeRoomForNotes()
    guard take(me) || waitInLine(me) else { return false }
    me.withHoldings { $0.add(self) }
    return true
  }

  /// What came of an attempt to take the lock.
  private enum Attempt {
    case taken
    /// It is the caller's already.
    case isHeld
    /// Somebody has it, who is perhaps more urgent now.
    case mustWait(raised: ProcessHandle?)
  }

  private func take(_ me: Holder) -> Bool { if case .taken = attempt(me, nil) { true } else { false } }

  private func attempt(_ me: Holder, _ place: Handle<QueuedWaiter>?) -> Attempt {
    let attempt: Attempt = lock.withLock {
      if holder == me && me != .thread { return .isHeld }
      if holder == nil {
        holder = me
        return .taken
      }
      return .mustWait(raised: place.flatMap { stand(in: $0, me) })
    }
    // Said without the lock: it ends the process, whose locks are passed on then.
    if case .isHeld = attempt { fatalError("Joist: a process took a lock again that it holds") }
    return attempt
  }

  /// Stands in line, under the lock; the holder, if it is more urgent by that (PI2).
  private func stand(in place: Handle<QueuedWaiter>, _ me: Holder) -> ProcessHandle? {
    place.it.ticket.open()
    if case .process(let process, _) = me { place.it.priority = process.beginLine(self, place) }
    line.append(place)
    waiting.add(place.it.priority)
    return lendToHolder()
  }

  /// Leaves the line, if it is still there; under the lock.
  private func leave(_ place: Handle<QueuedWaiter>) {
    guard line.remove(place) else { return }
    waiting.remove(place.it.priority)
    place.it.ticket.process?.endLine()
    noteMostUrgent()
  }

  private func noteMostUrgent() {
    mostUrgent.store(waiting.mostUrgent?.rawValue ?? LockCore.noPriority, ordering: .relaxed)
  }

  /// The holder, if it is more urgent now (PI2); under the lock.
  private func lendToHolder() -> ProcessHandle? {
    noteMostUrgent()
    guard case .process(let process, _) = holder, let most = waiting.mostUrgent, process.lend(forLock: most) else {
      return nil
    }
    return process
  }

  /// A process in the line has become more urgent; the holder, if it is more urgent by that (PI4).
  func waiterRose(_ process: ProcessHandle) -> ProcessHandle? {
    lock.withLock {
      process.withPlace(in: self) { place in
        waiting.remove(place.it.priority)
        place.it.priority = process.it.priority
        waiting.add(place.it.priority)
      }
      return lendToHolder()
    }
  }

  /// The most urgent priority in the line, for its holder.
  var mostUrgentWaiter: Priority? { Priority(rawValue: mostUrgent.load(ordering: .relaxed)) }

  private func waitInLine(_ me: Holder) -> Bool {
    let waiter = Waiter.here()
    let place = Handle<QueuedWaiter>.allocate(QueuedWaiter(waiter.ticket, amount: 1))
    defer {
      place.free()
      waiter.finish()
    }
    waiter.stand(place, for: self)
    guard case .mustWait(let raised) = attempt(me, place) else { return true }
    raised?.raiseOthers()
    let isMine = waiter.wait(.turn, until: nil, .killable) != nil
    lock.withLock { if isMine { holder = me } else { leave(place) } }
    return isMine
  }

  /// Lets the lock go.
  func release() {
    let holder = lock.withLock { self.holder }
    holder?.withHoldings { $0.remove(self) }
    passOn()
    if case .process(let process, _) = holder, process.it.priority != process.it.ownPriority {
      process.dropLockPriority()
    }
  }

  /// The holder was killed or has crashed in it (LK2), and has forgotten it.
  func abandon() {
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
      holder = nil
      guard let place = line.first else { return nil }
      let ticket = place.it.ticket
      leave(place)
      holder = ticket.process.map { .process($0, $0.id) } ?? .thread
      // It waits for this lock alone, so nobody else is raised by that.
      _ = lendToHolder()
      return ticket
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

extension LockCore: WaitQueueOwner {
  func leaveLine(_ place: Handle<QueuedWaiter>, hasTurn: Bool) {
    lock.withLock { leave(place) }
    if hasTurn { passOn() }
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// The part of a `ProcessLock` that does not depend on the type of its value: its holder, and the queue of its waiters.
//
// A lock that is released belongs to the first waiter before that is woken. If that waiter is a process, `holder` names
// it from then on; otherwise `holder` is `.thread` until the waiter has stored itself there.
//
// The holder notes the lock (HD1). If its process is killed or crashes while it holds the lock, or its closure of
// `blocking` crashes, the end of that process or closure passes the lock on, and the lock is inconsistent from then on.

import Synchronization

/// One lock.
// Sound: the fields are touched under the lock, except `heldBefore`, which is the holder's.
final class LockCore: @unchecked Sendable {
  private let lock = SpinLock()
  private var holder: Holder? { didSet { note.it.process = holder?.process } }
  /// The holder, for threads that follow the waits of processes (WE1).
  private let note = Handle<LockHolderNote>.take()
  private var queue = WaitQueue()
  /// The priorities of the waiters in the queue.
  private var waiting = PriorityCounts()
  /// The most urgent of these priorities, for the holder to read; `noPriority` if the queue is empty.
  // Ordering: relaxed; stored under the lock, before the lock of the holder's extras is taken, and read under that.
  private let mostUrgent = Atomic<UInt8>(LockCore.noPriority)
  private static var noPriority: UInt8 { .max }
  private var inconsistent = false
  /// The lock that its holder took before this one (HD1).
  var heldBefore: LockCore?

  deinit { note.giveBack() }

  /// Takes the lock, waiting in the queue if it is held; returns false if the process was killed while it waited.
  func acquire() -> Bool {
    Scheduler.beginCall()
    let me = Holder.here
    me.makeRoomForNotes()
    guard take(me) || waitInQueue(me) else { return false }
    me.withHoldings { $0.add(self) }
    if case .process(let process, _) = me { process.noteHandOn() }
    return true
  }

  /// The outcome of an attempt to take the lock.
  private enum Attempt {
    case taken
    /// The caller holds the lock already.
    case isHeld
    /// The lock is held; `raised` is its holder, if that has become more urgent.
    case mustWait(raised: ProcessHandle?)
  }

  private func take(_ me: Holder) -> Bool { if case .taken = attempt(me, nil) { true } else { false } }

  private func attempt(_ me: Holder, _ node: Handle<QueuedWaiter>?) -> Attempt {
    let attempt: Attempt = lock.withLock {
      if holder == me && me != .thread { return .isHeld }
      if holder == nil {
        holder = me
        return .taken
      }
      return .mustWait(raised: node.flatMap { enqueue($0, me) })
    }
    // Without the lock, because it ends the process, whose end passes its locks on.
    if case .isHeld = attempt { fatalError("Joist: a process took a lock again that it holds") }
    return attempt
  }

  /// Appends a node to the queue, under the lock; returns the holder if that has become more urgent (PI2).
  private func enqueue(_ node: Handle<QueuedWaiter>, _ me: Holder) -> ProcessHandle? {
    node.it.ticket.open()
    if case .process(let process, _) = me {
      node.it.priority = process.beginWaiting(for: self, node)
      process.beginEdge(to: note)
    }
    queue.append(node)
    waiting.add(node.it.priority)
    return lendToHolder()
  }

  /// Takes a node out of the queue, under the lock; returns false if it was not there any more.
  private func leave(_ node: Handle<QueuedWaiter>) -> Bool {
    guard queue.remove(node) else { return false }
    waiting.remove(node.it.priority)
    node.it.ticket.process?.endWaitingForLock()
    noteMostUrgent()
    return true
  }

  private func noteMostUrgent() {
    mostUrgent.store(waiting.mostUrgent?.rawValue ?? LockCore.noPriority, ordering: .relaxed)
  }

  /// Lends the holder the most urgent priority in the queue, under the lock; returns the holder if that has become more
  /// urgent (PI2).
  private func lendToHolder() -> ProcessHandle? {
    noteMostUrgent()
    guard case .process(let process, _) = holder, let most = waiting.mostUrgent, process.lend(forLock: most) else {
      return nil
    }
    return process
  }

  /// Takes the new priority of a process that may be in the queue; returns the holder if that has become more urgent
  /// (PI4).
  func waiterRose(_ process: ProcessHandle) -> ProcessHandle? {
    lock.withLock {
      process.withNode(in: self) { node in
        waiting.remove(node.it.priority)
        node.it.priority = process.it.priority
        waiting.add(node.it.priority)
      }
      return lendToHolder()
    }
  }

  /// The most urgent priority in the queue, for its holder; nil if the queue is empty.
  var mostUrgentWaiter: Priority? { Priority(rawValue: mostUrgent.load(ordering: .relaxed)) }

  /// Waits until the lock is the caller's; returns false if the process was killed while it waited.
  private func waitInQueue(_ me: Holder) -> Bool {
    let outcome = Waiter.here().waitInQueue(of: self, .killable) { node in
      guard case .mustWait(let raised) = attempt(me, node) else { return true }
      raised?.raiseOthers()
      if case .process(let process, _) = me { process.followEdges(from: note.it.process) }
      return false
    }
    if case .process(let process, _) = me { process.endEdge() }
    switch outcome {
    case .immediate: return true
    case .granted:
      lock.withLock { holder = me }
      return true
    case .left: return false
    }
  }

  /// Releases the lock.
  func release() {
    let holder = lock.withLock { self.holder }
    holder?.withHoldings { $0.remove(self) }
    // Before another process can read what this one has left in the value since it took the lock.
    if case .process(let process, _) = holder { process.noteHandOn() }
    passOn()
    if case .process(let process, _) = holder, process.it.priority != process.it.ownPriority {
      process.dropLockPriority()
    }
  }

  /// Passes the lock on as inconsistent; for a holder that was killed or has crashed, and no longer notes the lock.
  func abandon() {
    lock.withLock { inconsistent = true }
    passOn()
  }

  /// Gives the lock to the first waiter that has not given up, or frees it.
  private func passOn() {
    while let ticket = nextInQueue() {
      if ticket.answer(.granted, from: Scheduler.current) { return }
    }
  }

  private func nextInQueue() -> WaitTicket? {
    lock.withLock {
      holder = nil
      guard let node = queue.first else { return nil }
      let ticket = node.it.ticket
      _ = leave(node)
      holder = ticket.process.map { .process($0, $0.id) } ?? .thread
      // The new holder waits for this lock alone, so no other process is raised by that.
      _ = lendToHolder()
      return ticket
    }
  }

  /// The process that holds it; nil if it is free, or held by a thread or a closure of `blocking`.
  var owner: ProcessID? {
    if case .process(_, let id) = lock.withLock({ holder }) { return id }
    return nil
  }

  var isInconsistent: Bool { lock.withLock { inconsistent } }
  func markConsistent() { lock.withLock { inconsistent = false } }
}

extension LockCore: WaitQueueOwner {
  func leaveQueue(_ node: Handle<QueuedWaiter>, isGranted: Bool) -> Bool {
    let wasQueued = lock.withLock { leave(node) }
    if isGranted { passOn() }
    return wasQueued
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// Priority inheritance: a process that others wait for runs at the most urgent of its own priority and theirs.
// PI1. One word of the record holds both the priority at which the process runs and its own priority. While a process
//      has extras, the word is stored under their lock, beside the notes of what is lent; before that, only the process
//      itself stores it.
// PI2. A lock lends its holder the most urgent priority in its wait queue until it is released (`LockCore`). The holder
//      is known, and certain to be still there, only under the spin lock of that lock. Therefore a thread that lends
//      holds it, and then also takes the lock of the holder's extras.
// PI3. A call lends from the request until the caller continues. The caller notes the process that it calls (`callee`)
//      and what it lends to that process (`call`). It lends at once if the callee is less urgent; a thread that raises
//      the caller later lends in the caller's place. That thread notes what is lent, passes the heavy fence, and looks
//      whether the call still lasts. The caller clears the callee, passes the light fence, and looks whether anything
//      is lent. So one of the two takes it back.
// PI4. A process that becomes more urgent while it waits itself raises the process that it waits for, and so on. Each
//      step holds the locks of at most one lock and one process. The chain ends where a process does not become more
//      urgent, so it ends also in a circle.
// PI5. A ready process moves up in the run queue that it is in. A thread that queues a process reads its priority under
//      the queue's lock. A thread that raises a process stores the new priority, passes the heavy fence, and then
//      searches the queues under their locks. So the process is found, or was queued by its new priority.

import CJoist
import Synchronization

/// The number of entries of each priority.
struct PriorityCounts {
  private var counts = SIMD4<Int32>()

  mutating func add(_ priority: Priority) { counts[Int(priority.rawValue)] &+= 1 }
  mutating func remove(_ priority: Priority) { counts[Int(priority.rawValue)] &-= 1 }

  var isEmpty: Bool { counts == SIMD4() }

  /// The most urgent priority that has an entry; nil if there are none.
  var mostUrgent: Priority? {
    for number in 0..<4 where counts[number] > 0 { return Priority(rawValue: UInt8(number)) }
    return nil
  }
}

/// What is lent to a process, and what it lends; guarded by the lock of its extras.
struct Lending {
  /// The most urgent priority that waits for one of its locks.
  fileprivate var byLocks: Priority?
  /// The priorities that callers lend it until it has replied.
  fileprivate var byCalls = PriorityCounts()
  /// The lock that it waits for, and its node in the lock's queue.
  fileprivate var awaited: (lock: LockCore, node: Handle<QueuedWaiter>)?
  /// What it lends to the process that it calls (PI3).
  fileprivate var call: (callee: ProcessHandle, id: ProcessID, priority: Priority)?

  fileprivate var isNothing: Bool { byLocks == nil && byCalls.isEmpty && awaited == nil && call == nil }

  fileprivate var mostUrgent: Priority? {
    guard let byLocks, let most = byCalls.mostUrgent else { return byLocks ?? byCalls.mostUrgent }
    return max(byLocks, most)
  }
}

/// The process that another one calls: written by the caller, and read by any thread that raises the caller (PI3).
// Ordering: relaxed; PI3 has the fences.
struct Callee: ~Copyable {
  private let record = Atomic<UInt>(0)
  private let id = Atomic<UInt64>(0)
  /// Whether anything is lent.
  let isLentTo = Atomic<Bool>(false)

  fileprivate var current: (ProcessHandle, ProcessID)? {
    ProcessHandle(bits: record.load(ordering: .relaxed)).map { ($0, ProcessID(bits: id.load(ordering: .relaxed))) }
  }

  fileprivate func begin(_ callee: ProcessHandle, _ identity: ProcessID) {
    id.store(identity.bits, ordering: .relaxed)
    record.store(callee.bits, ordering: .relaxed)
  }

  fileprivate func end() { record.store(0, ordering: .relaxed) }
}

// MARK: - Lending to a process

extension Handle<ProcessRecord> {
  /// Changes its own priority; called on the process's own stack.
  func changePriority(_ priority: Priority) {
    it.priority = priority
    // A thread that allocates the extras from here on sees the new priority (PI1).
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    guard hasExtras else { return }
    let extras = extras()
    extras.it.lock.withLock {
      it.priority = priority
      _ = settlePriority(extras)
    }
  }

  /// Stores the priority that follows from the notes, under the lock of the extras; returns whether it is more urgent
  /// than before.
  private func settlePriority(_ extras: Handle<ProcessExtras>) -> Bool {
    let (before, own) = (it.priority, it.ownPriority)
    let now = max(own, extras.it.lending.mostUrgent ?? own)
    it.setPriority(now, own: own)
    return now > before
  }

  /// Lends it a priority for a lock that it holds (PI2); returns whether it becomes more urgent.
  func lend(forLock priority: Priority) -> Bool {
    let extras = extras()
    return extras.it.lock.withLock {
      extras.it.lending.byLocks = max(extras.it.lending.byLocks ?? priority, priority)
      return settlePriority(extras)
    }
  }

  /// Takes back what was lent for a lock that it has released, and keeps what is lent for its other locks; called on
  /// its own stack.
  func dropLockPriority() {
    let extras = extras()
    extras.it.lock.withLock {
      var most: Priority?
      extras.it.holdings.eachLock { if let waiting = $0.mostUrgentWaiter { most = max(most ?? waiting, waiting) } }
      extras.it.lending.byLocks = most
      _ = settlePriority(extras)
    }
  }

  /// Replaces what a caller lends it, `before`, by `now`; returns whether it becomes more urgent.
  fileprivate func lend(forCall before: Priority?, _ now: Priority?, _ id: ProcessID) -> Bool {
    let extras = extras()
    return extras.it.lock.withLock {
      guard isStill(id.generation) else { return false }
      if let before { extras.it.lending.byCalls.remove(before) }
      if let now { extras.it.lending.byCalls.add(now) }
      return settlePriority(extras)
    }
  }

  /// Drops what is lent to it and what it lends, because it has ended.
  // Ordering: it holds no lock that has waiters any more. A caller that lends looks, under the lock of the extras,
  // whether this is still the process that it means. It did so before `cancelTimers` took that lock in this end, or it
  // finds the process ended (PX2). So no thread changes what is read here without the lock.
  func endLending() {
    let extras = extras()
    if extras.it.lending.isNothing { return }
    extras.it.lock.withLock { extras.it.lending = Lending() }
  }
}

// MARK: - Lending by a process

extension Handle<ProcessRecord> {
  /// Notes that it waits in a lock's queue, under that lock; returns its present priority.
  func beginWaiting(for lock: LockCore, _ node: Handle<QueuedWaiter>) -> Priority {
    let extras = extras()
    return extras.it.lock.withLock {
      extras.it.lending.awaited = (lock, node)
      return it.priority
    }
  }

  /// Clears the note of the lock that it waits for, under that lock.
  func endWaitingForLock() {
    let extras = extras()
    extras.it.lock.withLock { extras.it.lending.awaited = nil }
  }

  /// Calls the body with its node in a lock's queue, if it waits there; under that lock.
  func withNode(in lock: LockCore, _ body: (Handle<QueuedWaiter>) -> Void) {
    let extras = extras()
    extras.it.lock.withLock {
      if let awaited = extras.it.lending.awaited, awaited.lock === lock { body(awaited.node) }
    }
  }

  /// Begins a call: notes the callee, and lends it this process's priority if the callee is less urgent (PI3).
  ///
  /// Called on the process's own stack.
  @inline(__always)
  func beginLending(to callee: ProcessHandle, _ id: ProcessID) {
    let lends = callee.it.ownPriority < it.priority
    guard lends || hasExtras else { return }
    extras().it.callee.begin(callee, id)
    if lends { raiseCallee(callee, id) }
  }

  @inline(never)
  private func raiseCallee(_ callee: ProcessHandle, _ id: ProcessID) {
    if let raised = lendToCallee(callee, id) { raised.raiseOthers() }
  }

  /// Ends a call and takes back what was lent for it; called on the process's own stack.
  // Ordering: PI3.
  @inline(__always)
  func endCallLending() {
    guard hasExtras else { return }
    let extras = extras()
    extras.it.callee.end()
    joist_light_fence()
    if extras.it.callee.isLentTo.load(ordering: .relaxed) { takeBackFromCallee() }
  }

  @inline(never)
  private func takeBackFromCallee() {
    let extras = extras()
    let lent = extras.it.lock.withLock {
      extras.it.callee.isLentTo.store(false, ordering: .relaxed)
      return extras.it.lending.call.take()
    }
    if let lent { _ = lent.callee.lend(forCall: lent.priority, nil, lent.id) }
  }

  /// Lends its priority to the process that it calls; returns that process if it becomes more urgent.
  private func lendToCallee(_ callee: ProcessHandle, _ id: ProcessID) -> ProcessHandle? {
    let extras = extras()
    var before: (callee: ProcessHandle, id: ProcessID, priority: Priority)?
    let now = extras.it.lock.withLock {
      before = extras.it.lending.call
      extras.it.lending.call = (callee, id, it.priority)
      extras.it.callee.isLentTo.store(true, ordering: .relaxed)
      return it.priority
    }
    let isSame = before.map { $0.callee == callee && $0.id == id } ?? false
    if let before, !isSame { _ = before.callee.lend(forCall: before.priority, nil, before.id) }
    return callee.lend(forCall: isSame ? before?.priority : nil, now, id) ? callee : nil
  }

  /// Moves this process, which has become more urgent, up in its run queue, and raises the process that it waits for,
  /// and so on (PI4).
  ///
  /// The caller holds no lock.
  func raiseOthers() {
    var raised = self
    while true {
      raised.moveUp()
      guard let next = raised.raiseNext() else { return }
      raised = next
    }
  }

  /// Raises the process that it waits for; returns that process if it becomes more urgent.
  // Ordering: `moveUp` has passed the heavy fence after the store of the new priority, so a call that begins later
  // lends that. PI3 for a call that has begun.
  private func raiseNext() -> ProcessHandle? {
    let extras = extras()
    if let lock = extras.it.lock.withLock({ extras.it.lending.awaited?.lock }) { return lock.waiterRose(self) }
    guard let (callee, id) = extras.it.callee.current else { return nil }
    let raised = lendToCallee(callee, id)
    home.it.platform.heavyFence()
    if let now = extras.it.callee.current, now.0 == callee, now.1 == id { return raised }
    takeBackFromCallee()
    return nil
  }

  /// Moves it up in the run queue that it is in, if any (PI5).
  // Ordering: relaxed; PI5.
  private func moveUp() {
    let core = home
    core.it.platform.heavyFence()
    guard it.state == .ready else { return }
    for number in 0..<core.it.schedulerCount where core.it.scheduler(number).moveUp(self) { return }
  }
}

extension Handle<Scheduler> {
  /// Moves a process up in this scheduler's run queue; returns false if it is not there.
  fileprivate func moveUp(_ process: ProcessHandle) -> Bool {
    let isOwner = Scheduler.current == self
    if isOwner { it.queue.lock.lock() } else { it.queue.lock.enter(it.runtime.it.platform) }
    let isMoved = it.queue.moveUp(process, to: process.it.priority, slice: sliceCount)
    if isMoved { showUrgentWork() }
    if isOwner { it.queue.lock.unlock() } else { it.queue.lock.leave() }
    if isMoved { it.runtime.notify(near: it.node) }
    return isMoved
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// Priority inheritance: a process that others wait for runs at the most urgent of its own priority and theirs.
// PI1. The record's word has both: the priority at which the process runs, and its own. The word is stored under the
//      lock of the extras, beside the notes of what is lent; before a process has either, by itself alone.
// PI2. A lock lends its holder the most urgent priority in its line until it is let go (`LockCore`). Only under the
//      lock's own spin lock is the holder known, and is still there; so it is lent to there, and then takes the lock of
//      the holder's extras.
// PI3. A call lends from the request until the caller goes on. A caller notes whom it calls (`callee`) and what it
//      lends him (`call`). It lends at once where that one is less urgent, and whoever raises it later lends in its
//      place. Whoever raises it notes that, passes the heavy fence, and looks whether the call still lasts; the caller
//      forgets the callee, passes the light fence, and looks whether anything is lent. So one of the two takes it back.
// PI4. A process that becomes more urgent, and waits itself, raises the process that it waits for, and so on. Each step
//      holds the locks of one lock and one process at most, and where nobody becomes more urgent this ends: also in a
//      circle.
// PI5. A ready process moves up in the queue that it is in. Whoever queues one reads its priority under the queue's
//      lock; who raises one stores it, passes the heavy fence, and then goes through the queues under their locks. So
//      it is found, or queued by its new priority.

import CJoist
import Synchronization

/// How many there are of each priority.
struct PriorityCounts {
  private var counts = SIMD4<Int32>()

  mutating func add(_ priority: Priority) { counts[Int(priority.rawValue)] &+= 1 }
  mutating func remove(_ priority: Priority) { counts[Int(priority.rawValue)] &-= 1 }

  var isEmpty: Bool { counts == SIMD4() }

  /// The most urgent that there is.
  var mostUrgent: Priority? {
    for number in 0..<4 where counts[number] > 0 { return Priority(rawValue: UInt8(number)) }
    return nil
  }
}

/// What is lent to a process, and to whom it lends: under the lock of its extras.
struct Lending {
  /// The most urgent priority that waits for one of its locks.
  fileprivate var byLocks: Priority?
  /// The priorities of those whose calls it has not answered.
  fileprivate var byCalls = PriorityCounts()
  /// The lock that it waits for, and its place in the line.
  fileprivate var line: (lock: LockCore, place: Handle<QueuedWaiter>)?
  /// What it lends the process that it calls (PI3).
  fileprivate var call: (callee: ProcessHandle, id: ProcessID, priority: Priority)?

  fileprivate var isNothing: Bool { byLocks == nil && byCalls.isEmpty && line == nil && call == nil }

  fileprivate var mostUrgent: Priority? {
    guard let byLocks, let most = byCalls.mostUrgent else { return byLocks ?? byCalls.mostUrgent }
    return max(byLocks, most)
  }
}

/// Whom a process calls: written by itself, read by anyone who raises it (PI3).
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

// MARK: - What is lent to a process

extension Handle<ProcessRecord> {
  /// Takes another priority of its own; from the process's own stack.
  func changePriority(_ priority: Priority) {
    it.priority = priority
    // Whoever makes extras from here on finds the new one (PI1).
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    guard hasExtras else { return }
    let extras = extras()
    extras.it.lock.withLock {
      it.priority = priority
      _ = settlePriority(extras)
    }
  }

  /// Stores the priority that follows from the notes, under the lock of the extras; whether that is a more urgent one.
  private func settlePriority(_ extras: Handle<ProcessExtras>) -> Bool {
    let (before, own) = (it.priority, it.ownPriority)
    let now = max(own, extras.it.lending.mostUrgent ?? own)
    it.setPriority(now, own: own)
    return now > before
  }

  /// Lends for a lock that it holds (PI2); whether it is more urgent by that.
  func lend(forLock priority: Priority) -> Bool {
    let extras = extras()
    return extras.it.lock.withLock {
      extras.it.lending.byLocks = max(extras.it.lending.byLocks ?? priority, priority)
      return settlePriority(extras)
    }
  }

  /// It has let a lock go: what is lent for the others stays; from its own stack.
  func dropLockPriority() {
    let extras = extras()
    extras.it.lock.withLock {
      var most: Priority?
      extras.it.holdings.eachLock { if let its = $0.mostUrgentWaiter { most = max(most ?? its, its) } }
      extras.it.lending.byLocks = most
      _ = settlePriority(extras)
    }
  }

  /// Changes what a caller lends it; whether it is more urgent by that.
  fileprivate func lend(forCall before: Priority?, _ now: Priority?, _ id: ProcessID) -> Bool {
    let extras = extras()
    return extras.it.lock.withLock {
      guard isStill(id.generation) else { return false }
      if let before { extras.it.lending.byCalls.remove(before) }
      if let now { extras.it.lending.byCalls.add(now) }
      return settlePriority(extras)
    }
  }

  /// It has ended: nothing is lent any more.
  // Ordering: it has taken the lock since it ended, in `tellWatchersAndLinked`, and has no lock that anybody waits for:
  // so nobody changes what it looks at here without the lock.
  func endLending() {
    let extras = extras()
    if extras.it.lending.isNothing { return }
    extras.it.lock.withLock { extras.it.lending = Lending() }
  }
}

// MARK: - What a process lends

extension Handle<ProcessRecord> {
  /// Begins to wait in a lock's line, under that lock; its priority now.
  func beginLine(_ lock: LockCore, _ place: Handle<QueuedWaiter>) -> Priority {
    let extras = extras()
    return extras.it.lock.withLock {
      extras.it.lending.line = (lock, place)
      return it.priority
    }
  }

  /// Is in that line no more; under the lock.
  func endLine() {
    let extras = extras()
    extras.it.lock.withLock { extras.it.lending.line = nil }
  }

  /// Does something with its place in a lock's line, if it is there; under that lock.
  func withPlace(in lock: LockCore, _ body: (Handle<QueuedWaiter>) -> Void) {
    let extras = extras()
    extras.it.lock.withLock {
      if let line = extras.it.lending.line, line.lock === lock { body(line.place) }
    }
  }

  /// Begins a call: notes whom, and lends where that one is less urgent (PI3); from the process's own stack.
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

  /// The call is over: takes back what was lent; from the process's own stack.
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

  /// Lends its priority to the process that it calls; that one, if it is more urgent by that.
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

  /// It has become more urgent: moves up if it is queued, and raises whom it waits for (PI4).
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

  /// Raises whom it waits for; that one, if it is more urgent by that.
  // Ordering: `moveUp` has passed the heavy fence behind the new priority; a call that begins after that lends it. PI3
  // for the other.
  private func raiseNext() -> ProcessHandle? {
    let extras = extras()
    if let lock = extras.it.lock.withLock({ extras.it.lending.line?.lock }) { return lock.waiterRose(self) }
    guard let (callee, id) = extras.it.callee.current else { return nil }
    let raised = lendToCallee(callee, id)
    home.it.platform.heavyFence()
    if let now = extras.it.callee.current, now.0 == callee, now.1 == id { return raised }
    takeBackFromCallee()
    return nil
  }

  /// Moves it up in the queue that it is in, if it is in one (PI5).
  // Ordering: relaxed; PI5.
  private func moveUp() {
    let core = home
    core.it.platform.heavyFence()
    guard it.state == .ready else { return }
    for number in 0..<core.it.schedulerCount where core.it.scheduler(number).moveUp(self) { return }
  }
}

extension Handle<Scheduler> {
  /// Moves a process up in this queue, if it is in it.
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

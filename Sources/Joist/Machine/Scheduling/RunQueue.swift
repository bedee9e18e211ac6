// SPDX-License-Identifier: Apache-2.0
//
// The run queue of a scheduler: one list for each of the four levels. A process is in at most one list of one queue,
// linked through its record's `next` (PS3). One lock guards all four lists. It is biased towards the scheduler whose
// queue it is; other threads take it as visitors (OL1).
//
// Q2. Within a level, processes run first in, first out. Levels are served from `.max` to `.low`.
// Q3. If a level has not been served for `ageing` slices, the processes that have waited that long in it move to the
//     end of the next level up, at most to `.high`, until they have run. The head of a level is its oldest process, so
//     only heads are examined. A level from which processes are taken is not starved, however long its processes wait.

import Synchronization

/// A list of ready processes and its counters, which other threads read as a guess.
package struct ReadyList: ~Copyable, Sendable {
  package private(set) var first: ProcessHandle?
  private var last: ProcessHandle?
  private let length = Counter()
  /// The number of reductions that processes taken from the list have used.
  package let totalReductions = Counter()
  /// The scheduler's slice count when a process was last taken from the list.
  package var lastScheduled: UInt32 = 0

  /// The number of processes in the list.
  @inline(__always)
  package var count: Int { length.total }

  @inline(__always)
  mutating func append(_ process: ProcessHandle) {
    process.it.next = nil
    if let last { last.it.next = process } else { first = process }
    last = process
    length.add()
  }

  @inline(__always)
  mutating func removeFirst() -> ProcessHandle? {
    guard let process = first else { return nil }
    first = process.it.next
    if first == nil { last = nil }
    length.add(-1)
    return process
  }

  /// Unlinks a process that is among the first `count`; returns false if it is not there.
  mutating func remove(_ process: ProcessHandle, within count: Int) -> Bool {
    var before: ProcessHandle?
    var current = first
    var remaining = count
    while let candidate = current, candidate != process, remaining > 0 {
      before = candidate
      current = candidate.it.next
      remaining -= 1
    }
    guard current == process else { return false }
    if let before { before.it.next = process.it.next } else { first = process.it.next }
    if last == process { last = before }
    length.add(-1)
    return true
  }
}

/// The run queue of one scheduler.
package struct RunQueue: ~Copyable {
  /// The lock of the lists.
  let lock = OwnedLock()
  /// The four lists, by level.
  private let levels: Handle<ReadyList>
  /// A bit for each level that has a process, the most urgent level lowest.
  ///
  /// Written under the lock, read by any thread as a guess.
  // Ordering: relaxed. The lock orders it for a thread that has it. An owner that reads it without the lock sees what
  // it queued itself. It may miss a process that a visitor moves to another level at that moment; the visitor notifies
  // the schedulers afterwards (Z2). Other threads guess, or read it behind a fence (Z1).
  private let occupied = Atomic<UInt8>(0)
  /// The number of slices that a head may wait (Q3).
  private var ageing: UInt32

  package init(ageing: Int) {
    self.ageing = UInt32(ageing)
    levels = .allocate(count: Priority.allCases.count) { ReadyList() }
  }

  deinit { levels.free(count: Priority.allCases.count) }

  /// Returns a level's list.
  @inline(__always)
  package func list(_ level: Priority) -> Handle<ReadyList> { levels.advanced(by: Int(level.rawValue)) }

  /// The number of queued processes, at about this moment; any thread may read it without the lock.
  package var approximateLength: Int { total { $0.it.count } }
  /// The number of reductions that processes taken from any of the lists have used.
  var totalReductions: Int { total { $0.it.totalReductions.total } }

  /// Returns the sum of a figure of all levels.
  ///
  /// Schedulers call it when there may be no memory, which an array of the levels would take in debug builds.
  private func total(_ figure: (Handle<ReadyList>) -> Int) -> Int {
    figure(list(.max)) + figure(list(.high)) + figure(list(.normal)) + figure(list(.low))
  }

  /// Whether no process is queued, at about this moment.
  @inline(__always)
  package var isEmptyAtAGuess: Bool { occupied.load(ordering: .relaxed) == 0 }
  /// Whether a process is queued at `.max` or `.high`, at about this moment.
  @inline(__always)
  package var hasUrgentWorkAtAGuess: Bool { occupied.load(ordering: .relaxed) & 0b11 != 0 }

  // MARK: The operations; the caller holds the lock.

  /// Puts a process at the end of a level.
  @inline(__always)
  package func enqueue(_ process: ProcessHandle, at level: Priority, slice: UInt32) {
    process.it.level = level
    process.it.queuedAt = slice
    list(level).it.append(process)
    occupied.store(occupied.load(ordering: .relaxed) | 1 &<< level.rawValue, ordering: .relaxed)
  }

  /// Takes the first process of the most urgent level that has any, down to level `lowest` (Q2).
  @inline(__always)
  package func dequeueFirst(downTo lowest: Priority, slice: UInt32) -> ProcessHandle? {
    first(downTo: lowest).flatMap { dequeue($0.it.level, slice: slice) }
  }

  /// Returns the first process of the most urgent level that has any, down to level `lowest`, without taking it.
  @inline(__always)
  func first(downTo lowest: Priority) -> ProcessHandle? {
    let index = occupied.load(ordering: .relaxed).trailingZeroBitCount
    return index <= Int(lowest.rawValue) ? levels.advanced(by: index).it.first : nil
  }

  /// Takes the first process of a level.
  @inline(__always)
  package func dequeue(_ level: Priority, slice: UInt32) -> ProcessHandle? {
    let list = list(level)
    guard let process = list.it.removeFirst() else { return nil }
    list.it.lastScheduled = slice
    if list.it.first == nil { showEmpty(Int(level.rawValue)) }
    return process
  }

  /// Returns the number of processes of a level.
  package func length(_ level: Priority) -> Int { list(level).it.count }

  /// Moves a process that is queued below a level to the end of that level.
  ///
  /// Returns false if it is not among the first few thousand processes of a lower level.
  package func moveUp(_ process: ProcessHandle, to level: Priority, slice: UInt32) -> Bool {
    var below = Priority(rawValue: level.rawValue + 1)
    while let lower = below, !list(lower).it.remove(process, within: Limits.moveUpSearchLimit) {
      below = Priority(rawValue: lower.rawValue + 1)
    }
    guard let from = below else { return false }
    if list(from).it.first == nil { showEmpty(Int(from.rawValue)) }
    enqueue(process, at: level, slice: slice)
    return true
  }

  /// The most urgent level that has a process (Q2).
  @inline(__always)
  package var firstLevel: Priority? {
    let bits = occupied.load(ordering: .relaxed)
    return bits == 0 ? nil : Priority(rawValue: UInt8(truncatingIfNeeded: bits.trailingZeroBitCount))
  }

  /// Moves processes up that have waited too long (Q3); returns how many.
  package func age(slice: UInt32) -> Int {
    var moved = age(.normal, slice: slice)
    moved += age(.low, slice: slice)
    return moved
  }

  /// Turns ageing off, for simulations that inject faults.
  mutating func forgetAgeing() { ageing = .max }

  private func age(_ level: Priority, slice: UInt32) -> Int {
    guard slice &- list(level).it.lastScheduled >= ageing else { return 0 }
    var moved = 0
    while moved < Limits.agingBatch, let head = list(level).it.first, slice &- head.it.queuedAt >= ageing {
      _ = dequeue(level, slice: list(level).it.lastScheduled)
      enqueue(head, at: level.aged, slice: slice)
      moved += 1
    }
    return moved
  }

  @inline(__always)
  private func showEmpty(_ index: Int) {
    occupied.store(occupied.load(ordering: .relaxed) & ~(1 &<< UInt8(truncatingIfNeeded: index)), ordering: .relaxed)
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// The four queues of a scheduler.
// Q1. A process is in at most one list of one queue, linked through its record's `next` (A3).
// Q2. First in, first out within a level. Levels are looked at from `.max` to `.low`.
// Q3. Where a level has not been served for `ageing` slices, what waited so long in it moves to the end of the next
//     level up, as far as `.high`, until it has run. Heads are the oldest of their level, so only heads are looked at.
//     A level that is served is only long: what waits there is not starved by more urgent work.
// Q4. Everything is under one small lock, which is the scheduler's own; thieves visit (OL1).

import Synchronization

/// One level: a list (Q1) and its figures, which others read for a guess.
package struct ReadyList: ~Copyable, Sendable {
  package private(set) var first: ProcessHandle?
  private var last: ProcessHandle?
  private let length = Counter()
  /// Reductions that processes taken from it have used.
  package let totalReductions = Counter()
  /// The scheduler's slice count when it was last taken from.
  package var lastScheduled: UInt32 = 0

  /// Processes in it.
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

  /// Unlinks one from anywhere, or among the first `count`; returns false when it is not there.
  mutating func remove(_ process: ProcessHandle, within count: Int = .max) -> Bool {
    var before: ProcessHandle?
    var here = first
    var left = count
    while let candidate = here, candidate != process, left > 0 {
      before = candidate
      here = candidate.it.next
      left -= 1
    }
    guard here == process else { return false }
    if let before { before.it.next = process.it.next } else { first = process.it.next }
    if last == process { last = before }
    length.add(-1)
    return true
  }
}

/// The queues of one scheduler.
package struct RunQueue: ~Copyable {
  /// Guards the lists (Q4).
  let lock = OwnedLock()
  /// The four lists, by level.
  private let levels: Handle<ReadyList>
  /// A bit for each level that has any, the most urgent lowest: written under the lock, read by anyone for a guess.
  // Ordering: relaxed. The lock orders it for who has that; the owner, who alone adds, misses nothing of its own;
  // others guess, or look behind a fence (Z1).
  private let occupied = Atomic<UInt8>(0)
  /// Slices that a head may wait (Q3).
  private var ageing: UInt32

  package init(ageing: Int) {
    self.ageing = UInt32(ageing)
    levels = .allocate(count: Priority.allCases.count) { ReadyList() }
  }

  deinit { levels.free(count: Priority.allCases.count) }

  /// A level's list.
  @inline(__always)
  package func list(_ level: Priority) -> Handle<ReadyList> { levels.advanced(by: Int(level.rawValue)) }

  /// How many wait, at about this moment; for others than the owner.
  package var lengthAtAGuess: Int {
    Priority.allCases.reduce(0) { $0 + list($1).it.count }
  }
  /// Reductions that processes taken from any of them have used.
  var totalReductions: Int {
    Priority.allCases.reduce(0) { $0 + list($1).it.totalReductions.total }
  }
  /// Whether nothing waits, at about this moment.
  @inline(__always)
  package var isEmptyAtAGuess: Bool { occupied.load(ordering: .relaxed) == 0 }
  /// Whether `.max` or `.high` work waits, at about this moment.
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

  /// Takes the first of the most urgent level that has any, down to one (Q2).
  @inline(__always)
  package func dequeueFirst(downTo least: Priority, slice: UInt32) -> ProcessHandle? {
    first(downTo: least).flatMap { dequeue($0.it.level, slice: slice) }
  }

  /// The first of the most urgent level that has any, down to one; it stays.
  @inline(__always)
  func first(downTo least: Priority) -> ProcessHandle? {
    let place = occupied.load(ordering: .relaxed).trailingZeroBitCount
    return place <= Int(least.rawValue) ? levels.advanced(by: place).it.first : nil
  }

  /// Takes the first of a level.
  @inline(__always)
  package func dequeue(_ level: Priority, slice: UInt32) -> ProcessHandle? {
    let list = list(level)
    guard let process = list.it.removeFirst() else { return nil }
    list.it.lastScheduled = slice
    if list.it.first == nil { showEmpty(Int(level.rawValue)) }
    return process
  }

  /// Whether a level has none.
  package func isEmpty(_ level: Priority) -> Bool { list(level).it.count == 0 }

  /// How many a level has.
  package func length(_ level: Priority) -> Int { list(level).it.count }

  /// Moves a queued process to another level, at its end; false when it is in none.
  package func promote(_ process: ProcessHandle, to level: Priority, slice: UInt32) -> Bool {
    let from = process.it.level
    guard list(from).it.remove(process) else { return false }
    if list(from).it.first == nil { showEmpty(Int(from.rawValue)) }
    enqueue(process, at: level, slice: slice)
    return true
  }

  /// Moves a process that is queued below a level to its end; false when it is not among the first few thousand there.
  func moveUp(_ process: ProcessHandle, to level: Priority, slice: UInt32) -> Bool {
    var below = Priority(rawValue: level.rawValue + 1)
    while let here = below, !list(here).it.remove(process, within: Limits.movedUpWithin) {
      below = Priority(rawValue: here.rawValue + 1)
    }
    guard let from = below else { return false }
    if list(from).it.first == nil { showEmpty(Int(from.rawValue)) }
    enqueue(process, at: level, slice: slice)
    return true
  }

  /// The most urgent level that has any (Q2).
  @inline(__always)
  package var firstLevel: Priority? {
    let bits = occupied.load(ordering: .relaxed)
    return bits == 0 ? nil : Priority(rawValue: UInt8(truncatingIfNeeded: bits.trailingZeroBitCount))
  }

  /// Moves up what has waited too long (Q3); how many moved.
  package func age(slice: UInt32) -> Int {
    var moved = age(.normal, slice: slice)
    moved += age(.low, slice: slice)
    return moved
  }

  /// Nothing is moved up any more: for simulations that plant faults.
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
  private func showEmpty(_ place: Int) {
    occupied.store(occupied.load(ordering: .relaxed) & ~(1 &<< UInt8(truncatingIfNeeded: place)), ordering: .relaxed)
  }
}

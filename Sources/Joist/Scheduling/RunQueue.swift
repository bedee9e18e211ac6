// SPDX-License-Identifier: Apache-2.0
//
// The four queues of a scheduler.
// Q1. A process is in at most one list of one queue, linked through its record's `next` (A3).
// Q2. First in, first out within a level. Levels are looked at from `.max` to `.low`.
// Q3. What waited `ageing` slices moves to the end of the next level up, as far as `.high`, until it has run. Heads
//     are the oldest of their level, so only heads are looked at.
// Q4. Everything is under one small lock. Its owner finds it free nearly always; thieves only try it.

import Synchronization

/// One level: a list (Q1) and its figures.
package struct ReadyList: Sendable {
  private(set) var first: ProcessHandle?
  private var last: ProcessHandle?
  /// Processes in it.
  package private(set) var count = 0
  /// Reductions that processes taken from it have used.
  package var totalReductions = 0
  /// The scheduler's slice count when it was last taken from.
  package var lastScheduled: UInt32 = 0

  mutating func append(_ process: ProcessHandle) {
    process.it.next = nil
    if let last { last.it.next = process } else { first = process }
    last = process
    count += 1
  }

  mutating func removeFirst() -> ProcessHandle? {
    guard let process = first else { return nil }
    first = process.it.next
    if first == nil { last = nil }
    process.it.next = nil
    count -= 1
    return process
  }

  /// Unlinks one from anywhere; false when it is not here.
  mutating func remove(_ process: ProcessHandle) -> Bool {
    var before: ProcessHandle?
    var here = first
    while let candidate = here, candidate != process {
      before = candidate
      here = candidate.it.next
    }
    guard here == process else { return false }
    if let before { before.it.next = process.it.next } else { first = process.it.next }
    if last == process { last = before }
    process.it.next = nil
    count -= 1
    return true
  }
}

/// The queues of one scheduler.
package struct RunQueue: ~Copyable {
  /// Guards the lists (Q4).
  let lock = SpinLock()
  private var max = ReadyList()
  private var high = ReadyList()
  private var normal = ReadyList()
  private var low = ReadyList()
  /// Processes in all of them: written under the lock, read by anyone for a guess.
  private let length = Atomic<Int>(0)
  /// Of these, in `.max` and `.high`.
  private let urgentLength = Atomic<Int>(0)
  /// Slices that a head may wait (Q3).
  private let ageing: UInt32

  package init(ageing: Int) { self.ageing = UInt32(ageing) }

  /// A level's list.
  package subscript(level: Priority) -> ReadyList {
    @inline(__always) get {
      switch level {
      case .max: max
      case .high: high
      case .normal: normal
      case .low: low
      }
    }
    @inline(__always) _modify {
      switch level {
      case .max: yield &max
      case .high: yield &high
      case .normal: yield &normal
      case .low: yield &low
      }
    }
  }

  /// How many wait, at about this moment.
  @inline(__always)
  package var lengthAtAGuess: Int { length.load(ordering: .relaxed) }
  /// Whether `.max` or `.high` work waits, at about this moment.
  @inline(__always)
  package var hasUrgentWorkAtAGuess: Bool { urgentLength.load(ordering: .relaxed) > 0 }

  // MARK: The operations; the caller holds the lock.

  /// Puts a process at the end of a level.
  @inline(__always)
  package mutating func enqueue(_ process: ProcessHandle, at level: Priority, slice: UInt32) {
    process.it.level = level
    process.it.queuedAt = slice
    self[level].append(process)
    recount(by: 1, level)
  }

  /// Takes the first of a level.
  @inline(__always)
  package mutating func dequeue(_ level: Priority, slice: UInt32) -> ProcessHandle? {
    guard let process = self[level].removeFirst() else { return nil }
    self[level].lastScheduled = slice
    recount(by: -1, level)
    return process
  }

  /// Whether a level has none.
  package func isEmpty(_ level: Priority) -> Bool { self[level].count == 0 }

  /// How many a level has.
  package func length(_ level: Priority) -> Int { self[level].count }

  /// Moves a queued process to another level, at its end; false when it is in none.
  package mutating func promote(_ process: ProcessHandle, to level: Priority, slice: UInt32) -> Bool {
    let from = process.it.level
    guard self[from].remove(process) else { return false }
    recount(by: -1, from)
    enqueue(process, at: level, slice: slice)
    return true
  }

  /// The most urgent level that has any (Q2).
  @inline(__always)
  package var firstLevel: Priority? {
    if max.first != nil { return .max }
    if high.first != nil { return .high }
    if normal.first != nil { return .normal }
    if low.first != nil { return .low }
    return nil
  }

  /// Moves up what has waited too long (Q3); how many moved.
  package mutating func age(slice: UInt32) -> Int {
    var moved = age(.normal, slice: slice)
    moved += age(.low, slice: slice)
    return moved
  }

  private mutating func age(_ level: Priority, slice: UInt32) -> Int {
    var moved = 0
    while moved < Limits.agedAtOnce, let head = self[level].first, slice &- head.it.queuedAt >= ageing {
      _ = dequeue(level, slice: self[level].lastScheduled)
      enqueue(head, at: level.aged, slice: slice)
      moved += 1
    }
    return moved
  }

  @inline(__always)
  private func recount(by change: Int, _ level: Priority) {
    length.store(length.load(ordering: .relaxed) &+ change, ordering: .relaxed)
    if level >= .high {
      urgentLength.store(urgentLength.load(ordering: .relaxed) &+ change, ordering: .relaxed)
    }
  }
}

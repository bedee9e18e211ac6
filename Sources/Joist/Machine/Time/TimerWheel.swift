// SPDX-License-Identifier: Apache-2.0
//
// What is due at a time: a hierarchical wheel, one for each scheduler.
// Y1. Six levels of 256 lists. A list of level 0 is one tick (131 µs) wide, one of level n 256 times one of level
//     n - 1. A deadline lies in the lowest level on which it is less than a turn away; when a list of a higher level
//     comes up, its entries are put in again, lower. Arming and disarming are O(1), a deadline moves at most five
//     times, and one of up to eight seconds once.
// Y2. Deadlines are rounded up to a tick, so none is early.
// Y3. A process has one entry. A wait that ends early leaves it where it is and only forgets the deadline; a later
//     deadline only changes the record. An entry that comes up looks at the record and puts itself in again.
//     A message's entry is taken out when it is cancelled.
// Y4. Everything is under the wheel's lock. Its scheduler takes it; a spare one tries it when that scheduler is stuck.
// Y5. An entry's place names the wheel for as long as a holder of its lock may put the entry in again. An entry that is
//     in no wheel is put in by its owner alone. So one on its way from list to list is never put in a second time.
//
// After G. Varghese and A. Lauck, "Hashed and Hierarchical Timing Wheels", SOSP 1987.

import Synchronization

/// One scheduler's wheel.
///
/// The caller holds the lock, but for `count`.
package struct TimerWheel: ~Copyable {
  let lock = SpinLock()
  /// Entries in it, those that wait for nothing any more included.
  // Ordering: relaxed; stored under the lock. Who puts an entry into another's wheel signals its alarm then, which that
  // one reads before it looks here (F2).
  private let entries = Atomic<Int>(0)
  /// Whose it is.
  private let index: Int
  /// The first tick that was not looked at.
  private var tick: UInt64
  /// A bit for each list that is not empty: four words a level.
  private var occupied = [UInt64](repeating: 0, count: TimerWheel.levels * TimerWheel.width / 64)
  private var lists = [Handle<TimerEntry>?](repeating: nil, count: TimerWheel.levels * TimerWheel.width)

  private static var levels: Int { 6 }
  private static var width: Int { 256 }
  private static var bits: Int { 8 }
  /// A tick is 2^17 nanoseconds.
  private static var tickBits: UInt64 { 17 }
  /// The width of a tick.
  static var tickNanoseconds: Int64 { 1 << Int64(tickBits) }
  /// Farther than anybody waits, and within what six levels reach: over a thousand years.
  private static var farthest: UInt64 { (1 << 46) - 1 }

  package init(index: Int, now: Int64) {
    self.index = index
    tick = UInt64(now) >> TimerWheel.tickBits
  }

  /// Whether there is nothing in it, at about this moment.
  package var isEmptyAtAGuess: Bool { entries.load(ordering: .relaxed) == 0 }

  /// The tick of a deadline (Y2).
  package static func tick(of deadline: Int64) -> UInt64 {
    min((UInt64(max(0, deadline)) &+ ((1 << tickBits) - 1)) >> tickBits, farthest)
  }

  /// Puts an entry in, due at that tick.
  package mutating func insert(_ entry: Handle<TimerEntry>, due: UInt64) {
    entry.it.due = due
    // One that is due already comes up with the tick that is looked at next.
    let due = max(due, tick)
    let distance = (due ^ tick) | 1
    let level = min((UInt64.bitWidth - 1 - distance.leadingZeroBitCount) / TimerWheel.bits, TimerWheel.levels - 1)
    let position = Int(due >> UInt64(level * TimerWheel.bits)) & (TimerWheel.width - 1)
    let list = level * TimerWheel.width + position
    entry.it.previous = nil
    entry.it.next = lists[list]
    lists[list]?.it.previous = entry
    lists[list] = entry
    occupied[list / 64] |= 1 << UInt64(list % 64)
    entry.it.enter(TimerPlace(wheel: index, list: list))
    entries.store(entries.load(ordering: .relaxed) + 1, ordering: .relaxed)
  }

  /// Takes an entry out of the wheel.
  package mutating func remove(_ entry: Handle<TimerEntry>) {
    unlink(entry)
    entry.it.leave()
  }

  /// Takes an entry out of the list that it is in; it still belongs to the wheel (Y5).
  private mutating func unlink(_ entry: Handle<TimerEntry>) {
    let list = entry.it.place.list
    let next = entry.it.next
    next?.it.previous = entry.it.previous
    if let previous = entry.it.previous { previous.it.next = next } else { lists[list] = next }
    if lists[list] == nil { occupied[list / 64] &= ~(1 << UInt64(list % 64)) }
    entry.it.next = nil
    entry.it.previous = nil
    entries.store(entries.load(ordering: .relaxed) - 1, ordering: .relaxed)
  }

  /// Takes one out that is due by now, moving the wheel; nil when there is none left.
  ///
  /// The caller puts it in again, here or elsewhere, or has it leave (Y5).
  package mutating func removeDue(now: Int64) -> Handle<TimerEntry>? {
    let end = UInt64(now) >> TimerWheel.tickBits
    while true {
      if let entry = lists[Int(tick) & (TimerWheel.width - 1)], entry.it.due <= tick {
        unlink(entry)
        return entry
      }
      guard let next = nextEvent(), next <= end else {
        turn(to: max(tick, end))
        return nil
      }
      turn(to: next)
    }
  }

  /// Takes any one out, due or not, for the caller to put into another wheel, under both locks (Y5).
  package mutating func removeAny() -> Handle<TimerEntry>? {
    guard let word = occupied.firstIndex(where: { $0 != 0 }) else { return nil }
    let entry = lists[word * 64 + occupied[word].trailingZeroBitCount]
    if let entry { unlink(entry) }
    return entry
  }

  /// When something comes up next: a deadline, or a list that has to be put in again.
  ///
  /// Nil when the wheel is empty.
  package var nextDue: Int64? {
    nextEvent().map { Int64(clamping: $0 << TimerWheel.tickBits) }
  }

  /// The tick at which the nearest list that is not empty begins.
  private func nextEvent() -> UInt64? {
    var nearest: UInt64?
    for level in 0..<TimerWheel.levels {
      let shift = UInt64(level * TimerWheel.bits)
      let position = Int(tick >> shift) & (TimerWheel.width - 1)
      // Behind the position in this turn; entries of a next turn would be on a higher level (Y1).
      guard let ahead = firstOccupied(level, from: position) else { continue }
      let turn = shift + UInt64(TimerWheel.bits)
      let start = (tick >> turn) << turn + UInt64(ahead) << shift
      nearest = min(nearest ?? .max, max(start, tick))
    }
    return nearest
  }

  /// The first list of a level that is not empty, from a position on.
  private func firstOccupied(_ level: Int, from position: Int) -> Int? {
    let words = TimerWheel.width / 64
    var mask = ~UInt64(0) << UInt64(position % 64)
    for word in (position / 64)..<words {
      let bits = occupied[level * words + word] & mask
      if bits != 0 { return word * 64 + bits.trailingZeroBitCount }
      mask = ~0
    }
    return nil
  }

  /// Goes to a tick that nothing lies before, and puts in again, lower, what lies there on higher levels (Y1).
  private mutating func turn(to tick: UInt64) {
    self.tick = tick
    for level in stride(from: TimerWheel.levels - 1, to: 0, by: -1) {
      let position = Int(tick >> UInt64(level * TimerWheel.bits)) & (TimerWheel.width - 1)
      putInAgain(level * TimerWheel.width + position)
    }
  }

  /// Puts every entry of a list in again.
  private mutating func putInAgain(_ list: Int) {
    guard var entry = lists[list] else { return }
    lists[list] = nil
    occupied[list / 64] &= ~(1 << UInt64(list % 64))
    var count = 0
    while true {
      let next = entry.it.next
      insert(entry, due: entry.it.due)
      count += 1
      guard let next else { break }
      entry = next
    }
    entries.store(entries.load(ordering: .relaxed) - count, ordering: .relaxed)
  }
}

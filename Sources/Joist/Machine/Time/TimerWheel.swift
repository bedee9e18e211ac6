// SPDX-License-Identifier: Apache-2.0
//
// A hierarchical timer wheel, one for each scheduler. Deadlines are rounded up to a tick, so no timer is early.
//
// Y1. There are six levels of 256 lists. A list of level 0 is one tick (131 µs) wide, and one of level n is 256 times
//     as wide as one of level n - 1. An entry is on the lowest level on which its deadline is less than a turn away.
//     When the wheel reaches a list of a higher level, its entries are inserted again, on a lower level. Arming and
//     disarming are O(1). An entry moves at most five times, and at most once if its deadline is up to eight seconds
//     away.
// Y3. A process has one entry. A wait that ends early leaves the entry where it is and only clears the deadline. A
//     later deadline only changes the `ProcessTimer`. When an entry expires, the deadline there decides whether it is
//     inserted again. The entry of a message is removed when the timer is cancelled.
// Y4. Everything is under the wheel's lock. The scheduler of the wheel fires what is due; while it is stuck, the others
//     do. Both only try the lock for that, because a thread that has it fires the entries itself.
// Y5. While an entry is taken out to be inserted again, `place` still names the wheel; `leave` clears it. An entry that
//     is in no wheel is inserted only by the process that waits, or by the thread that arms the message timer. So an
//     entry that moves from list to list is never inserted twice.
//
// After G. Varghese and A. Lauck, "Hashed and Hierarchical Timing Wheels", SOSP 1987.

import Synchronization

/// The wheel of one scheduler.
///
/// The caller holds the lock, except for `isEmptyAtAGuess`.
package struct TimerWheel: ~Copyable {
  let lock = SpinLock()
  /// The number of entries, including those that no process waits for any more.
  // Ordering: relaxed; stored under the lock. A thread that inserts an entry in another scheduler's wheel rings its
  // alarm afterwards, which that scheduler reads before it reads this (F2).
  private let entries = Atomic<Int>(0)
  /// The index of the scheduler.
  private let index: Int
  /// The first tick that has not been looked at.
  private var tick: UInt64
  /// A bit for each list that is not empty: four words per level.
  private var occupied = [UInt64](repeating: 0, count: TimerWheel.levels * TimerWheel.width / 64)
  private var lists = [Handle<TimerEntry>?](repeating: nil, count: TimerWheel.levels * TimerWheel.width)

  private static var levels: Int { 6 }
  private static var width: Int { 256 }
  private static var bits: Int { 8 }
  /// The logarithm of a tick's width: 2^17 nanoseconds.
  private static var tickBits: UInt64 { 17 }
  /// The width of a tick.
  static var tickNanoseconds: Int64 { 1 << Int64(tickBits) }
  /// The tick beyond which no deadline counts, within what six levels reach: over a thousand years.
  private static var farthest: UInt64 { (1 << 46) - 1 }

  package init(index: Int, now: Int64) {
    self.index = index
    tick = UInt64(now) >> TimerWheel.tickBits
  }

  /// Whether the wheel is empty, at about this moment.
  package var isEmptyAtAGuess: Bool { entries.load(ordering: .relaxed) == 0 }

  /// Returns the tick of a deadline, rounded up.
  package static func tick(of deadline: Int64) -> UInt64 {
    min((UInt64(max(0, deadline)) &+ ((1 << tickBits) - 1)) >> tickBits, farthest)
  }

  /// Inserts an entry that is due at a tick.
  package mutating func insert(_ entry: Handle<TimerEntry>, due: UInt64) {
    entry.it.due = due
    // An entry that is due already expires with the tick that is looked at next.
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

  /// Removes an entry from the wheel.
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

  /// Takes an entry out that is due by now, and turns the wheel; returns nil if there is none left.
  ///
  /// The caller inserts it again, in any wheel, or makes it leave (Y5).
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

  /// Takes any entry out, due or not; the caller inserts it in another wheel under both locks (Y5).
  package mutating func removeAny() -> Handle<TimerEntry>? {
    guard let word = occupied.firstIndex(where: { $0 != 0 }) else { return nil }
    let entry = lists[word * 64 + occupied[word].trailingZeroBitCount]
    if let entry { unlink(entry) }
    return entry
  }

  /// The time of the next event: a deadline, or a list to be inserted again.
  ///
  /// Nil if the wheel is empty.
  package var nextDue: Int64? {
    nextEvent().map { Int64(clamping: $0 << TimerWheel.tickBits) }
  }

  /// Returns the tick at which the nearest list that is not empty begins.
  private func nextEvent() -> UInt64? {
    var nearest: UInt64?
    for level in 0..<TimerWheel.levels {
      let shift = UInt64(level * TimerWheel.bits)
      let position = Int(tick >> shift) & (TimerWheel.width - 1)
      // Only positions ahead in this turn: entries of the next turn would be on a higher level (Y1).
      guard let ahead = firstOccupied(level, from: position) else { continue }
      let turn = shift + UInt64(TimerWheel.bits)
      let start = (tick >> turn) << turn + UInt64(ahead) << shift
      nearest = min(nearest ?? .max, max(start, tick))
    }
    return nearest
  }

  /// Returns the first list of a level, from a position on, that is not empty.
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

  /// Turns the wheel to a tick before which there is no entry, and reinserts the entries of higher levels there (Y1).
  private mutating func turn(to tick: UInt64) {
    self.tick = tick
    for level in stride(from: TimerWheel.levels - 1, to: 0, by: -1) {
      let position = Int(tick >> UInt64(level * TimerWheel.bits)) & (TimerWheel.width - 1)
      reinsert(level * TimerWheel.width + position)
    }
  }

  /// Inserts every entry of a list again.
  private mutating func reinsert(_ list: Int) {
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

// SPDX-License-Identifier: Apache-2.0
//
// A set of scheduler numbers that any thread reads and changes.
//
// Ordering: sequentially consistent, which costs an atomic read-modify-write nothing. `sleeping` needs it: a scheduler
// puts itself in and then reads `searching` (Z5). For the other two sets, `urgent` of the runtime and `retired` of the
// watchdog, relaxed would do. Whether queued work is seen depends on fences (Z1, Z2).

import Synchronization

/// A set of scheduler numbers, as four words of bits.
package struct SchedulerSet: ~Copyable {
  private let words: Handle<Words>

  struct Words: ~Copyable {
    let first = Atomic<UInt64>(0)
    let second = Atomic<UInt64>(0)
    let third = Atomic<UInt64>(0)
    let fourth = Atomic<UInt64>(0)
  }

  /// The number of members; changed after the words, so that one load tells whether to look at the words.
  private let count = Atomic<Int>(0)

  package init() { words = .allocate(Words()) }
  deinit { words.free() }

  @inline(__always)
  private func withWord<R>(of number: Int, _ body: (borrowing Atomic<UInt64>) -> R) -> R {
    switch number >> 6 {
    case 0: body(words.it.first)
    case 1: body(words.it.second)
    case 2: body(words.it.third)
    default: body(words.it.fourth)
    }
  }

  /// Whether the count is zero now, as `insert` and `remove` have left it.
  @inline(__always)
  package var isEmpty: Bool { count.load(ordering: .sequentiallyConsistent) == 0 }

  /// The number of members, at about this moment.
  // Ordering: relaxed, a guess.
  var approximateCount: Int { count.load(ordering: .relaxed) }

  /// Whether the set is empty, at about this moment.
  // Ordering: relaxed, a guess, or behind a fence (Z2).
  @inline(__always)
  package var isEmptyAtAGuess: Bool { count.load(ordering: .relaxed) == 0 }

  /// Adds a number; returns false if it was a member already.
  ///
  /// The bit is set first and counted second. If another thread removes the number in between, the count is one too low
  /// until the second step. It may then be zero while another scheduler sleeps, and a thread that has queued a process
  /// and reads that zero wakes no scheduler. In `sleeping` nothing is lost by that. The scheduler that inserts itself
  /// was taken out in order to be woken, so it looks at all queues once more. It does so after its fence (Z1),
  /// which follows the second step, and so sees what was queued before the zero was read (Z2).
  @discardableResult
  package func insert(_ number: Int) -> Bool {
    let bit = UInt64(1) << UInt64(number & 63)
    let isNew = withWord(of: number) { $0.bitwiseOr(bit, ordering: .sequentiallyConsistent).oldValue & bit == 0 }
    SchedulePoint.betweenSteps()
    if isNew { count.wrappingAdd(1, ordering: .sequentiallyConsistent) }
    return isNew
  }

  /// Removes a number; returns false if it was not a member.
  @discardableResult
  package func remove(_ number: Int) -> Bool {
    let bit = UInt64(1) << UInt64(number & 63)
    let was = withWord(of: number) { $0.bitwiseAnd(~bit, ordering: .sequentiallyConsistent).oldValue & bit != 0 }
    SchedulePoint.betweenSteps()
    if was { count.wrappingSubtract(1, ordering: .sequentiallyConsistent) }
    return was
  }

  package func contains(_ number: Int) -> Bool {
    let bit = UInt64(1) << UInt64(number & 63)
    return withWord(of: number) { $0.load(ordering: .sequentiallyConsistent) & bit != 0 }
  }

  /// Returns the lowest member other than `except`; nil if there is none.
  package func lowest(except: Int? = nil) -> Int? {
    for word in 0..<4 {
      var bits = withWord(of: word << 6) { $0.load(ordering: .sequentiallyConsistent) }
      if let except, except >> 6 == word { bits &= ~(1 << UInt64(except & 63)) }
      if bits != 0 { return (word << 6) + bits.trailingZeroBitCount }
    }
    return nil
  }

  /// Removes and returns the lowest member in a range; nil if there is none.
  package func popLowest(in range: Range<Int>) -> Int? { range.first { contains($0) && remove($0) } }

  /// Removes and returns the lowest member; nil if there is none.
  package func popLowest() -> Int? {
    while let number = lowest() {
      SchedulePoint.betweenSteps()
      if remove(number) { return number }
    }
    return nil
  }
}

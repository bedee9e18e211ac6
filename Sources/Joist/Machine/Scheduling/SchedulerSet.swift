// SPDX-License-Identifier: Apache-2.0
//
// A set of scheduler numbers that any thread reads and changes.
//
// Ordering: sequentially consistent, which costs an exchange nothing. It is for who has put itself among the sleeping
// and looks at `searching` (Z5); the other two uses would do with relaxed. Whether work is seen is the fences' (Z1,
// Z2).

import Synchronization

/// A few words of bits.
package struct SchedulerSet: ~Copyable {
  private let words: Handle<Words>

  struct Words: ~Copyable {
    let first = Atomic<UInt64>(0)
    let second = Atomic<UInt64>(0)
    let third = Atomic<UInt64>(0)
    let fourth = Atomic<UInt64>(0)
  }

  /// How many there are: changed after the words, so that one look says whether it is worth looking at them.
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

  /// Whether there is none, at this moment.
  @inline(__always)
  package var isEmpty: Bool { count.load(ordering: .sequentiallyConsistent) == 0 }

  /// How many there are, at about this moment.
  // Ordering: relaxed, a guess.
  var countAtAGuess: Int { count.load(ordering: .relaxed) }

  /// Whether there is none, at about this moment.
  // Ordering: relaxed, a guess, or behind a fence (Z2).
  @inline(__always)
  package var isEmptyAtAGuess: Bool { count.load(ordering: .relaxed) == 0 }

  /// Adds a number; false when it was there.
  @discardableResult
  package func insert(_ number: Int) -> Bool {
    let bit = UInt64(1) << UInt64(number & 63)
    let isNew = withWord(of: number) { $0.bitwiseOr(bit, ordering: .sequentiallyConsistent).oldValue & bit == 0 }
    SchedulePoint.betweenSteps()
    if isNew { count.wrappingAdd(1, ordering: .sequentiallyConsistent) }
    return isNew
  }

  /// Takes a number away; false when it was not there.
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

  /// The lowest number in it, other than one; nil when there is none.
  package func lowest(except: Int? = nil) -> Int? {
    for word in 0..<4 {
      var bits = withWord(of: word << 6) { $0.load(ordering: .sequentiallyConsistent) }
      if let except, except >> 6 == word { bits &= ~(1 << UInt64(except & 63)) }
      if bits != 0 { return (word << 6) + bits.trailingZeroBitCount }
    }
    return nil
  }

  /// Takes the lowest number within a range away and returns it.
  package func popLowest(in range: Range<Int>) -> Int? { range.first { contains($0) && remove($0) } }

  /// Takes the lowest number away and returns it.
  package func popLowest() -> Int? {
    while let number = lowest() {
      SchedulePoint.betweenSteps()
      if remove(number) { return number }
    }
    return nil
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// Chooses by chance. A seed also says how restless a run is: some faults need many changes, others few.

import Joist

/// Chance, from a seed.
struct RandomStrategy: SchedulingStrategy {
  private var numbers: SplitMix64
  /// Of 256 steps so many end with another thread going on, or with a fault.
  private let restless: UInt64
  private let faulty: UInt64

  init(_ seed: UInt64) {
    numbers = SplitMix64(seed: seed)
    restless = [8, 32, 96, 224][Int(numbers.next() % 4)]
    faulty = [0, 1, 4, 16][Int(numbers.next() % 4)]
  }

  mutating func choose(_ threads: [Int], continues: Bool, faults: Int) -> Int {
    let number = numbers.next()
    if faults > 0 && number & 255 < faulty { return threads.count + Int((number >> 8) % UInt64(faults)) }
    if continues && (number >> 32) & 255 >= restless { return 0 }
    return Int((number >> 40) % UInt64(threads.count))
  }

  mutating func draw(_ count: Int) -> Int {
    let number = numbers.next()
    return number & 7 == 0 ? Int((number >> 8) % UInt64(count)) : 0
  }
}

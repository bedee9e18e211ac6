// SPDX-License-Identifier: Apache-2.0
//
// Chooses at random. The seed also determines how often a run switches threads, because some bugs need many switches
// and others few.

import Joist

/// Chooses by random numbers from a seed.
struct RandomStrategy: SchedulingStrategy {
  private var numbers: SplitMix64
  /// The number of steps in 256 after which another thread may run.
  private let switches: UInt64
  /// The number of steps in 256 that are a fault.
  private let faults: UInt64

  init(_ seed: UInt64) {
    numbers = SplitMix64(seed: seed)
    switches = [8, 32, 96, 224][Int(numbers.next() % 4)]
    faults = [0, 1, 4, 16][Int(numbers.next() % 4)]
  }

  mutating func choose(_ threads: [Int], continues: Bool, faults: Int) -> Int {
    let number = numbers.next()
    if faults > 0 && number & 255 < self.faults { return threads.count + Int((number >> 8) % UInt64(faults)) }
    if continues && (number >> 32) & 255 >= switches { return 0 }
    return Int((number >> 40) % UInt64(threads.count))
  }

  mutating func draw(_ count: Int) -> Int {
    let number = numbers.next()
    return number & 7 == 0 ? Int((number >> 8) % UInt64(count)) : 0
  }
}

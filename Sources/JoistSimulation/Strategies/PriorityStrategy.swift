// SPDX-License-Identifier: Apache-2.0
//
// Probabilistic concurrency testing (`Strategy.pct`).

import Joist

/// Runs the runnable thread with the highest priority.
///
/// At a few random steps that thread gets the lowest priority.
struct PriorityStrategy: SchedulingStrategy {
  private var numbers: SplitMix64
  /// The priority of each thread, by its number; a larger value is a higher priority.
  private var priorities: [Int] = []
  /// The next priority below all others.
  private var lowest = -1
  private var steps = 0
  /// The steps after which a priority changes, in descending order.
  private var changes: [Int] = []

  /// Creates a strategy with `depth - 1` changes.
  ///
  /// The changes are placed within the assumed length of the run. That length is not known, so the seed determines it.
  init(_ seed: UInt64, depth: Int) {
    numbers = SplitMix64(seed: seed)
    let length = 32 << (numbers.next() % 7)
    for _ in 1..<max(2, depth) { changes.append(Int(numbers.next() % UInt64(length))) }
    changes.sort(by: >)
  }

  mutating func choose(_ threads: [Int], continues: Bool, faults: Int) -> Int {
    steps += 1
    for thread in threads { assignPriority(thread) }
    var best = highest(threads)
    if let next = changes.last, steps > next {
      changes.removeLast()
      if faults > 0 && numbers.next() & 1 == 0 { return threads.count + Int(numbers.next() % UInt64(faults)) }
      priorities[threads[best]] = lowest
      lowest -= 1
      best = highest(threads)
    }
    return best
  }

  /// Returns the index of the thread with the highest priority.
  private func highest(_ threads: [Int]) -> Int {
    threads.indices.max { priorities[threads[$0]] < priorities[threads[$1]] }!
  }

  private mutating func assignPriority(_ thread: Int) {
    while priorities.count <= thread { priorities.append(Int(numbers.next() >> 33)) }
  }

  mutating func draw(_ count: Int) -> Int {
    numbers.next() & 7 == 0 ? Int(numbers.next() % UInt64(count)) : 0
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// Probabilistic concurrency testing (`Strategy.pct`).

import Joist

/// The most important thread that can go on does; at a few places it becomes the least important.
struct PriorityStrategy: SchedulingStrategy {
  private var numbers: SplitMix64
  /// By thread; larger is more important.
  private var importance: [Int] = []
  private var least = -1
  private var steps = 0
  /// Where changes are, the last first.
  private var changes: [Int] = []

  /// A run is taken to be so long: the seed says, for nobody knows.
  init(_ seed: UInt64, depth: Int) {
    numbers = SplitMix64(seed: seed)
    let length = 32 << (numbers.next() % 7)
    for _ in 1..<max(2, depth) { changes.append(Int(numbers.next() % UInt64(length))) }
    changes.sort(by: >)
  }

  mutating func choose(_ threads: [Int], continues: Bool, faults: Int) -> Int {
    steps += 1
    for thread in threads { know(thread) }
    var best = mostImportant(threads)
    if let next = changes.last, steps > next {
      changes.removeLast()
      if faults > 0 && numbers.next() & 1 == 0 { return threads.count + Int(numbers.next() % UInt64(faults)) }
      importance[threads[best]] = least
      least -= 1
      best = mostImportant(threads)
    }
    return best
  }

  private func mostImportant(_ threads: [Int]) -> Int {
    threads.indices.max { importance[threads[$0]] < importance[threads[$1]] }!
  }

  private mutating func know(_ thread: Int) {
    while importance.count <= thread { importance.append(Int(numbers.next() >> 33)) }
  }

  mutating func draw(_ count: Int) -> Int {
    numbers.next() & 7 == 0 ? Int(numbers.next() % UInt64(count)) : 0
  }
}

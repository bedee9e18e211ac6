// SPDX-License-Identifier: Apache-2.0
//
// The cost of false sharing: two schedulers count in the same cache line, in adjacent lines, and as far apart as the
// runtime places its schedulers' counters.

import Joist
import Synchronization

extension Scenario {
  /// Two processes that each increment a counter of their own.
  static let sharing = Scenario(
    name: "sharing",
    about: "ns per increment, two counters in one cache line, adjacent, or apart",
    parameters: [Parameter("counts", 1_000...1_000_000_000)],
    figures: [
      Figure("line", "ns", "per increment, both counters in one cache line"),
      Figure("next", "ns", "in adjacent cache lines"),
      Figure("apart", "ns", "as far apart as counters of two schedulers"),
    ],
    runs: [.all(20_000_000)]
  ) { trial in
    try trial.inProcess(of: Void.self) { main in
      func each(_ distance: Int) throws -> Double {
        try nanosecondsEach(trial.arguments[0]) { count in try countApart(distance, count, main) }
      }
      let (line, next, apart) = try (each(1), each(8), each(24))
      return Outcome(["line": line, "next": next, "apart": apart])
    }
  }
}

/// Lets two processes each increment a counter `count` times; the counters are `words` words apart.
private func countApart(_ words: Int, _ count: Int, _ main: ProcessContext<Void>) throws {
  let row = Handle<Counter>.allocate(count: 64) { Counter() }
  defer { row.free(count: 64) }
  // The first counter that lies at the beginning of a pair of cache lines.
  let first = row.advanced(by: (128 - Int(row.bits % 128)) % 128 / 8)
  let entered = Entered()
  try main.parallel(2) { process in
    let counter = first.advanced(by: entered.enter() * words)
    while !entered.areAll { try process.yield() }
    for _ in 0..<count { counter.it.add() }
  }
}

/// The number of the two processes that have begun.
private final class Entered: Sendable {
  private let count = Atomic<Int>(0)

  /// Registers a process and returns its number, zero or one.
  func enter() -> Int { count.add(1, ordering: .relaxed).oldValue }
  var areAll: Bool { count.load(ordering: .relaxed) == 2 }
}

// SPDX-License-Identifier: Apache-2.0
//
// What it costs two schedulers to count side by side in memory, and as far apart as what they count in the runtime.

import Joist
import Synchronization

extension Scenario {
  /// Two processes that count, each for itself.
  static let sharing = Scenario(
    name: "sharing",
    about: "counting on two schedulers at once: in one cache line, in neighbouring ones, and as far apart as they are",
    parameters: [Parameter("counts", 1_000...1_000_000_000)],
    figures: [
      Figure("line", "ns", "in one line"),
      Figure("next", "ns", "in the next line"),
      Figure("apart", "ns", "with the gap between"),
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

/// Two count so often, in words so far from each other.
private func countApart(_ words: Int, _ count: Int, _ main: ProcessContext<Void>) throws {
  let row = Handle<Counter>.allocate(count: 64) { Counter() }
  defer { row.free(count: 64) }
  // The first that a pair of lines begins with.
  let first = row.advanced(by: (128 - Int(row.bits % 128)) % 128 / 8)
  let entered = Entered()
  try main.parallel(2) { process in
    let counter = first.advanced(by: entered.enter() * words)
    while !entered.areAll { try process.yield() }
    for _ in 0..<count { counter.it.add() }
  }
}

/// How many of two have begun.
private final class Entered: Sendable {
  private let count = Atomic<Int>(0)

  /// The number of the one that enters.
  func enter() -> Int { count.add(1, ordering: .relaxed).oldValue }
  var areAll: Bool { count.load(ordering: .relaxed) == 2 }
}

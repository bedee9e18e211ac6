// SPDX-License-Identifier: Apache-2.0
//
// The duration of a collection of a private heap, by the share of objects that survive.

import Joist

extension Scenario {
  /// Young collections of list links, a given percentage of which is live.
  static let collect = Scenario(
    name: "collect",
    about: "µs per young collection of BYTES, of which PERCENT survive",
    parameters: [Parameter("bytes", 1_000...1_000_000_000), Parameter("percent", 0...100)],
    figures: [
      Figure("p50", "µs", "per collection, median"),
      Figure("p99", "µs", "99th percentile"),
      Figure("p999", "µs", "99.9th percentile"),
      Figure("max", "µs", "maximum"),
      Figure("n", "", "collections"),
    ],
    runs: [.one(1_000_000, 1), .one(1_000, 0)]
  ) { trial in
    let (links, percent) = (trial.arguments[0] / Link.bytes, trial.arguments[1])
    return try trial.inProcess(of: Void.self) { main in
      var times = Distribution()
      let turns = max(20, min(10_000, 100_000_000 / trial.arguments[0]))
      for _ in 0..<turns {
        // Frees the survivors of the previous turn, which are old and no longer live, so that they do not accumulate.
        main.heap.collect()
        var kept = try Link.list(links, percent, on: main.heap)
        let start = ContinuousClock.now
        main.heap.collect(keeping: &kept)
        times.add(ContinuousClock.now - start)
      }
      return Outcome(times.figures, times)
    }
  }
}

/// A link of a list on a private heap.
private struct Link: BitwiseCopyable, HeapTraceable {
  var number: Int
  var next: HeapRef<Link>?

  mutating func trace(_ tracer: inout HeapTracer) { tracer.visit(&next) }

  /// The size of a link with its header, in bytes.
  static let bytes = 24

  /// Allocates `count` links and returns the first link of a list of `percent` percent of them.
  ///
  /// The other links are in no list.
  static func list(_ count: Int, _ percent: Int, on heap: ProcessHeap) throws -> HeapRef<Link>? {
    var first: HeapRef<Link>?
    var share = 0
    for number in 0..<count {
      let link = try heap.allocate(Link(number: number, next: first))
      share += percent
      guard share >= 100 else { continue }
      share -= 100
      first = link
    }
    return first
  }
}

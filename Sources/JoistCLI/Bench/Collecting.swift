// SPDX-License-Identifier: Apache-2.0
//
// How long a collection of a private heap takes, by what survives.

import Joist

extension Scenario {
  /// Young collections of lists, of which every so many-th link is kept.
  static let collect = Scenario(
    name: "collect",
    about: "a young collection of so many bytes, of which some percent survive",
    parameters: [Parameter("bytes", 1_000...1_000_000_000), Parameter("percent", 0...100)],
    figures: [
      Figure("p50", "µs", "a collection, half of them"),
      Figure("p99", "µs", "99 %"),
      Figure("p999", "µs", "99.9 %"),
      Figure("max", "µs", "at worst"),
      Figure("n", "", "collections"),
    ],
    runs: [.one(1_000_000, 1), .one(1_000, 0)]
  ) { trial in
    let (links, percent) = (trial.arguments[0] / Link.bytes, trial.arguments[1])
    return try trial.inProcess(of: Void.self) { main in
      var times = Distribution()
      let turns = max(20, min(10_000, 100_000_000 / trial.arguments[0]))
      for _ in 0..<turns {
        // What survived is old now, and nobody wants it: so it does not add up.
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

/// A link of a list on a heap.
private struct Link: BitwiseCopyable, HeapTraceable {
  var number: Int
  var next: HeapRef<Link>?

  mutating func trace(_ tracer: inout HeapTracer) { tracer.visit(&next) }

  /// Of a link with its header.
  static let bytes = 24

  /// So many links, of which so many percent are in a list and the others in none.
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

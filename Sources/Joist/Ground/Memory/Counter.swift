// SPDX-License-Identifier: Apache-2.0
//
// Counters that one thread at a time adds to and any thread reads.
//
// Ordering: relaxed reads are for statistics and guesses, and order nothing. A decision may depend only on a counter
// that is counted with `addReleasing` and read with `totalAcquiring`: the reader then sees everything that was done
// before the count.

import Synchronization

/// A count that one thread at a time adds to.
///
/// Reading takes a single load; adding costs no more than adding to a plain `Int`.
package struct Counter: ~Copyable {
  private let value = Atomic<Int>(0)

  package init() {}

  /// Adds to the count; only the counting thread may call this.
  ///
  /// - Returns: The count after that, which the calling thread need not read again.
  @inline(__always)
  @discardableResult
  package func add(_ amount: Int = 1) -> Int {
    let count = value.load(ordering: .relaxed) &+ amount
    value.store(count, ordering: .relaxed)
    return count
  }

  /// Adds to the count and publishes what was done before, for readers that call `totalAcquiring`.
  @inline(__always)
  package func addReleasing(_ amount: Int = 1) {
    value.store(value.load(ordering: .relaxed) &+ amount, ordering: .releasing)
  }

  /// Begins at zero again; only the counting thread may call this.
  @inline(__always)
  package func reset() { value.store(0, ordering: .relaxed) }

  /// The count so far, as seen from any thread.
  package var total: Int { value.load(ordering: .relaxed) }

  /// The count so far; also makes visible what was done before each counted `addReleasing`.
  package var totalAcquiring: Int { value.load(ordering: .acquiring) }
}

// SPDX-License-Identifier: Apache-2.0
//
// Figures that one thread counts and any thread reads.
//
// Ordering: relaxed is for statistics and guesses, and orders nothing. What is decided by a figure is counted by
// `addReleasing` and read by `totalAcquiring`: who reads it sees all that was done before it was counted.

import Synchronization

/// A count that one thread at a time adds to.
///
/// Reading it is a single load; adding costs no more than to a plain `Int`.
package struct Counter: ~Copyable {
  private let value = Atomic<Int>(0)

  package init() {}

  /// Adds; only the counting thread may.
  @inline(__always)
  package func add(_ amount: Int = 1) {
    value.store(value.load(ordering: .relaxed) &+ amount, ordering: .relaxed)
  }

  /// Likewise, for those who act on it: `totalAcquiring` sees what was done before.
  @inline(__always)
  package func addReleasing(_ amount: Int = 1) {
    value.store(value.load(ordering: .relaxed) &+ amount, ordering: .releasing)
  }

  /// What was counted so far, as seen from any thread.
  package var total: Int { value.load(ordering: .relaxed) }

  /// Likewise, with what was done before an `addReleasing`.
  package var totalAcquiring: Int { value.load(ordering: .acquiring) }
}

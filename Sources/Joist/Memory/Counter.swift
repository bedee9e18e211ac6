// SPDX-License-Identifier: Apache-2.0
//
// Figures that one thread counts and any thread reads.

import Synchronization

/// A count that one thread at a time adds to.
///
/// Reading it is a single load; adding costs no more than to a plain `Int`.
package struct Counter: ~Copyable {
  private let value = Atomic<Int>(0)

  /// Adds; only the counting thread may.
  @inline(__always)
  package func add(_ amount: Int = 1) {
    value.store(value.load(ordering: .relaxed) &+ amount, ordering: .relaxed)
  }

  /// What was counted so far, as seen from any thread.
  package var total: Int { value.load(ordering: .relaxed) }
}

// SPDX-License-Identifier: Apache-2.0
//
// A clock that can be read in every slice. On the host it is the processor's counter; under simulation it is the
// simulated time.

import CJoist
import Synchronization

/// Reads a counter that is the same on every core and costs next to nothing.
package struct TickClock: Sendable {
  /// Counts in a second.
  package let perSecond: UInt64
  /// The simulated counter; nil for the processor's.
  // Ordering: relaxed, for all of a simulation is on one real thread.
  private let source: Handle<Atomic<UInt64>>?

  /// The processor's counter.
  package init() {
    perSecond = joist_ticks_per_second()
    source = nil
  }

  /// A counter that stands at zero until `set` moves it.
  package init(simulatedPerSecond perSecond: UInt64) {
    source = .allocate(Atomic(0))
    self.perSecond = perSecond
  }

  /// Moves a simulated counter.
  package func set(_ count: UInt64) {
    source?.it.store(count, ordering: .relaxed)
  }

  /// The count now.
  package var count: UInt64 {
    @inline(__always) get {
      if let source { return source.it.load(ordering: .relaxed) }
      return joist_ticks()
    }
  }

  /// What so many counts are in nanoseconds.
  package func nanoseconds(_ counts: UInt64) -> Int64 {
    let (high, low) = counts.multipliedFullWidth(by: 1_000_000_000)
    return Int64(clamping: perSecond.dividingFullWidth((high % perSecond, low)).quotient)
  }
}

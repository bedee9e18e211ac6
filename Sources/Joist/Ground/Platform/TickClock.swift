// SPDX-License-Identifier: Apache-2.0
//
// A clock that is cheap enough to read in every slice. On the host it is the processor's counter; under simulation it
// is the simulated time.

import CJoist
import Synchronization

/// A counter that is the same on every core and costs next to nothing to read.
package struct TickClock: Sendable {
  /// The number of ticks per second.
  package let perSecond: UInt64
  /// The simulated counter; nil for the processor's counter.
  // Ordering: relaxed, because a simulation runs on one real thread.
  private let source: Handle<Atomic<UInt64>>?

  /// Makes a clock that reads the processor's counter.
  package init() {
    perSecond = joist_ticks_per_second()
    source = nil
  }

  /// Makes a counter that stays at zero until `set` moves it.
  package init(simulatedPerSecond perSecond: UInt64) {
    source = .allocate(Atomic(0))
    self.perSecond = perSecond
  }

  /// Sets a simulated counter.
  package func set(_ count: UInt64) {
    source?.it.store(count, ordering: .relaxed)
  }

  /// The current count of ticks.
  package var count: UInt64 {
    @inline(__always) get {
      if let source { return source.it.load(ordering: .relaxed) }
      return joist_ticks()
    }
  }

  /// Returns the nanoseconds that a number of ticks takes.
  package func nanoseconds(_ ticks: UInt64) -> Int64 {
    let (high, low) = ticks.multipliedFullWidth(by: 1_000_000_000)
    return Int64(clamping: perSecond.dividingFullWidth((high % perSecond, low)).quotient)
  }
}

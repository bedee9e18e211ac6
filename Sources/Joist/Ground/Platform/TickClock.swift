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
  /// What a tick is in nanoseconds, with `fraction` bits of fraction: one multiplication is faster than two divisions.
  private let scale: UInt64
  private let fraction: UInt64

  /// Makes a clock that reads the processor's counter.
  package init() {
    perSecond = joist_ticks_per_second()
    (scale, fraction) = Self.scale(perSecond)
    source = nil
  }

  /// Makes a counter that stays at zero until `set` moves it.
  package init(simulatedPerSecond perSecond: UInt64) {
    source = .allocate(Atomic(0))
    self.perSecond = perSecond
    (scale, fraction) = Self.scale(perSecond)
  }

  /// Returns the nanoseconds of a tick as a number from 2⁶³ on, and the number of its fraction bits.
  private static func scale(_ perSecond: UInt64) -> (UInt64, UInt64) {
    var (whole, rest) = UInt64(1_000_000_000).quotientAndRemainder(dividingBy: perSecond)
    var fraction: UInt64 = 0
    while whole < 1 << 63 {
      rest *= 2
      whole = whole * 2 + (rest >= perSecond ? 1 : 0)
      if rest >= perSecond { rest -= perSecond }
      fraction += 1
    }
    return (whole, fraction)
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

  /// Returns the nanoseconds that a number of ticks takes, which may be one too few.
  package func nanoseconds(_ ticks: UInt64) -> Int64 {
    let (high, low) = ticks.multipliedFullWidth(by: scale)
    // The fraction has 34 bits for one tick a second, and 93 for a billion ticks a nanosecond.
    if fraction >= 64 { return Int64(clamping: high >> (fraction - 64)) }
    return high >> fraction == 0 ? Int64(clamping: high << (64 - fraction) | low >> fraction) : .max
  }
}

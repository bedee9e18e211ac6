// SPDX-License-Identifier: Apache-2.0
//
// What a reduction costs in time, so that slices can be timed without a clock. A scheduler reads the cheap clock after
// about a thousand reductions. The ticks since the last reading, divided by the reductions, move the price by an
// eighth of the difference.
//
// A process that computes for long without a runtime call uses time and no reductions. Such an interval does not move
// the price. Its excess over the price is kept, until the watchdog, which looks every two milliseconds, sees a process
// run here: that process is charged with it. A process is seen in proportion to the time that it runs, so the charges
// are right on average, and right in each case where a slice is longer than two milliseconds.

import Synchronization

/// The price of reductions on one scheduler, for its thread.
struct ReductionPrice {
  /// The number of fraction bits of `ticks`.
  private static var fraction: UInt64 { 16 }
  /// The ticks of one reduction, with `fraction` bits of fraction.
  private(set) var ticks: UInt64 = 20 << ReductionPrice.fraction
  /// The ticks of long intervals that no process has been charged with.
  private(set) var excess: UInt64 = 0

  /// Returns the ticks that a number of reductions costs.
  @inline(__always)
  func ticks(_ reductions: Int) -> Int {
    Int(truncatingIfNeeded: (UInt64(truncatingIfNeeded: reductions) &* ticks) &>> Self.fraction)
  }

  /// Takes in an interval in which processes ran: the ticks that it took, and the reductions that were counted.
  ///
  /// `longest` is the number of ticks above which an interval counts as long.
  @inline(__always)
  mutating func note(_ elapsed: UInt64, reductions: Int, longest: UInt64) {
    let counted = UInt64(max(reductions, 1))
    let expected = (counted &* ticks) &>> Self.fraction
    if elapsed > expected &+ longest {
      excess &+= elapsed &- expected
      return
    }
    // A division takes as long as a slice; most intervals have about 1,024 or 1,088 reductions.
    let over = counted &- UInt64(Limits.clockReductions)
    let seen =
      over < 64
      ? elapsed &<< (Self.fraction - 10)
      : over < 128 ? elapsed &* ((1 << Self.fraction) / 1_088) : (elapsed &<< Self.fraction) / counted
    ticks = max(1, ticks &+ (seen &>> 3) &- (ticks &>> 3))
  }

  /// Takes out the excess.
  mutating func takeExcess() -> UInt64 {
    defer { excess = 0 }
    return excess
  }
}

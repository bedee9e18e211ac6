// SPDX-License-Identifier: Apache-2.0
//
// Ticks of the cheap clock in nanoseconds, against exact arithmetic.

import Joist
import Testing

@Suite struct TickClockTests {
  @Test(arguments: [1, 1_000, 24_000_000, 999_999_999, 1_000_000_000, 1_000_000_007, 2_100_000_000, 5_000_000_000])
  func `C1: ticks are converted to nanoseconds exactly, or to one too few`(_ perSecond: UInt64) {
    let clock = TickClock(simulatedPerSecond: perSecond)
    for ticks in [0, 1, 2, 3, 999, perSecond - 1, perSecond, 3 * perSecond + 1, 86_400 * perSecond, 1 << 50, .max] {
      let (high, low) = ticks.multipliedFullWidth(by: 1_000_000_000)
      let exact = high < perSecond ? Int64(clamping: perSecond.dividingFullWidth((high, low)).quotient) : .max
      #expect((max(0, exact - 1)...exact).contains(clock.nanoseconds(ticks)), "\(ticks) of \(perSecond)")
    }
  }

  @Test func `V1: on a simulated clock of a billion ticks a second, a tick is a nanosecond`() {
    let clock = TickClock(simulatedPerSecond: 1_000_000_000)
    for ticks in [0, 1, 123_456_789, 1 << 62, UInt64(Int64.max)] { #expect(clock.nanoseconds(ticks) == Int64(ticks)) }
  }
}

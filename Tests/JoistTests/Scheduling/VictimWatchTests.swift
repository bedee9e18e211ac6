// SPDX-License-Identifier: Apache-2.0
//
// When a thief steals from the victim that it watches, and when it leaves the victim its work. The tests give the
// numbers that a thief would read, so they need no threads.

import Joist
import Testing

/// A thief that watches one victim, with naps of 100 ticks.
private struct Thief {
  var watch = VictimWatch()
  var now: UInt64 = 1_000
  var slices: UInt32 = .max - 5

  init(afterSteal: Bool = false) {
    watch.begin(1, slices: slices, now: now, afterSteal: afterSteal)
  }

  /// Looks at the victim again, `ticks` later, after it has begun `ran` slices and has `left` processes in its queue.
  mutating func stealsAfter(_ ticks: Int, ran: UInt32, left: Int) -> Bool {
    now &+= UInt64(bitPattern: Int64(ticks))
    slices &+= ran
    return watch.mayStealNow(slices: slices, length: left, now: now, nap: 100)
  }
}

@Suite struct VictimWatchTests {
  @Test func `a thief naps before it steals from a victim that runs nothing`() {
    var thief = Thief()
    let during = thief.stealsAfter(99, ran: 0, left: 1_000)
    let after = thief.stealsAfter(1, ran: 0, left: 1)
    #expect(!during && after)
  }

  @Test func `a thief leaves a victim the work that it needs at most ten naps for`() {
    var thief = Thief()
    // Ten slices in a nap of 100 ticks are ten ticks for each process.
    let short = thief.stealsAfter(100, ran: 10, left: 10 * Limits.napsWorthStealing)
    let long = thief.stealsAfter(100, ran: 10, left: 10 * Limits.napsWorthStealing + 1)
    #expect(!short && long)
  }

  @Test func `a thief that has found work at many looks in a row steals, however short the queue is`() {
    var thief = Thief()
    let looks = (0..<Limits.looksBeforeStealing).map { _ in thief.stealsAfter(100, ran: 100, left: 1) }
    #expect(looks == Array(repeating: false, count: Limits.looksBeforeStealing - 1) + [true])
  }

  @Test func `after a steal the same victim must need more for the rest, or be watched for a nap`() {
    var thief = Thief(afterSteal: true)
    let short = thief.stealsAfter(100, ran: 10, left: 10 * Limits.napsWorthStealingAgain)
    let long = thief.stealsAfter(100, ran: 10, left: 10 * Limits.napsWorthStealing + 1)
    #expect(!short && long)
    var second = Thief(afterSteal: true)
    let atOnce = second.stealsAfter(100, ran: 10, left: 10 * Limits.napsWorthStealingAgain + 1)
    #expect(atOnce)
    // A victim that has run nothing since the steal may not have had the time to.
    var third = Thief(afterSteal: true)
    let first = third.stealsAfter(100, ran: 0, left: 1)
    let next = third.stealsAfter(100, ran: 0, left: 1)
    #expect(!first && next)
  }

  @Test func `a nap begins again when the cheap clock goes back`() {
    var thief = Thief()
    let back = thief.stealsAfter(-500, ran: 0, left: 1)
    let during = thief.stealsAfter(99, ran: 0, left: 1)
    let after = thief.stealsAfter(1, ran: 0, left: 1)
    #expect(!back && !during && after)
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// The decision of a thief whether to steal from the victim that it watches, or to leave the victim its work for another
// nap (ST1). It is made of numbers alone: no scheduler is touched here.

/// What a thief has seen of the victim that it watches.
package struct VictimWatch {
  /// The index of the victim; nil if the thief watches none.
  package private(set) var victim: Int?
  /// The victim's slice count when the nap began.
  private var slices: UInt32 = 0
  /// The time at which the nap began, in ticks of the cheap clock.
  private var napBegan: UInt64 = 0
  /// The number of looks in a row that found work after a nap.
  ///
  /// It begins at 0 for a new victim, and at -1 after a steal, so that one more look is needed.
  private var looks = 0

  package init() {}

  /// Begins to watch a victim, with a nap.
  package mutating func begin(_ victim: Int, slices: UInt32, now: UInt64, afterSteal: Bool) {
    self.victim = victim
    looks = afterSteal ? -1 : 0
    restartNap(slices, now)
  }

  /// Ends the watch.
  mutating func end() { victim = nil }

  /// Returns whether to steal now from the victim, which has `length` queued processes (ST1).
  ///
  /// If the nap is over and the answer is no, the next nap begins.
  package mutating func mayStealNow(slices count: UInt32, length: Int, now: UInt64, nap: UInt64) -> Bool {
    let elapsed = Int(truncatingIfNeeded: now &- napBegan)
    if elapsed < 0 {  // The cheap clock has gone back.
      restartNap(count, now)
      return false
    }
    guard elapsed >= Int(nap) else { return false }
    let ran = Int(count &- slices)
    looks += 1
    if (looks > 0 && ran == 0) || looks >= Limits.looksBeforeStealing { return true }
    // The time that the victim needs for its queue, at the pace of this nap.
    let left = length.multipliedReportingOverflow(by: elapsed / max(1, ran)).partialValue
    if left > Int(nap) * (looks > 0 ? Limits.napsWorthStealing : Limits.napsWorthStealingAgain) { return true }
    restartNap(count, now)
    return false
  }

  private mutating func restartNap(_ count: UInt32, _ now: UInt64) {
    slices = count
    napBegan = now
  }
}

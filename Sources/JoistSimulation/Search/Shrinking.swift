// SPDX-License-Identifier: Apache-2.0
//
// Shrinks a failing schedule: replaces ranges of choices by ordinary ones as long as the schedule still fails.
//
// After A. Zeller and R. Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", 2002.

/// The shrinking of one schedule.
///
/// The caller takes the next candidate, runs it, and reports whether it failed.
package struct Shrinking {
  /// The shortest failing schedule so far.
  package private(set) var best: Schedule
  private var candidate: Schedule?
  /// The number of choices that a candidate replaces.
  private var size: Int
  private var start = 0
  /// Whether the current pass over the schedule has made it simpler.
  private var hasProgressed = false
  private var runsLeft: Int

  /// Creates the shrinking of a failing schedule, with at most `runs` candidates.
  package init(_ schedule: Schedule, runs: Int = 400) {
    best = schedule.trimmed
    size = max(1, best.choices.count / 2)
    runsLeft = runs
  }

  /// The next candidate to run; nil if no candidate is left.
  package var next: Schedule? {
    mutating get {
      guard runsLeft > 0 else { return nil }
      runsLeft -= 1
      while true {
        while start < best.choices.count {
          let range = start..<min(start + size, best.choices.count)
          if let simpler = best.ordinary(in: range) {
            candidate = simpler
            return simpler
          }
          start += size
        }
        if size == 1 && !hasProgressed { return nil }
        size = max(1, size / 2)
        start = 0
        hasProgressed = false
      }
    }
  }

  /// Records whether the candidate failed.
  package mutating func note(_ fails: Bool) {
    guard let candidate else { return }
    if fails {
      best = candidate
      hasProgressed = true
    }
    start += size
    self.candidate = nil
  }
}

extension Schedule {
  /// Returns the schedule with ordinary choices in a range; nil if they are ordinary already.
  fileprivate func ordinary(in range: Range<Int>) -> Schedule? {
    guard choices[range].contains(where: { $0 != 0 }) else { return nil }
    var simpler = self
    for index in range { simpler.choices[index] = 0 }
    return simpler.trimmed
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// Makes a schedule that fails as short as it can: choices become the ordinary ones as long as it fails still.
//
// After A. Zeller and R. Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", 2002.

/// The search for a shorter schedule: whoever can run one asks for the next candidate, and notes whether it fails.
package struct Shrinking {
  /// The shortest that failed so far.
  package private(set) var best: Schedule
  private var candidate: Schedule?
  private var size: Int
  private var start = 0
  /// Whether a stretch of this size was made ordinary since it was begun with.
  private var isShorter = false
  private var runsLeft: Int

  /// For a schedule that fails; in at most so many runs.
  package init(_ schedule: Schedule, runs: Int = 400) {
    best = schedule.trimmed
    size = max(1, best.choices.count / 2)
    runsLeft = runs
  }

  /// What to try next; nil when there is no more.
  package var next: Schedule? {
    mutating get {
      guard runsLeft > 0 else { return nil }
      runsLeft -= 1
      while true {
        while start < best.choices.count {
          let stretch = start..<min(start + size, best.choices.count)
          if let simpler = best.ordinary(stretch) {
            candidate = simpler
            return simpler
          }
          start += size
        }
        if size == 1 && !isShorter { return nil }
        size = max(1, size / 2)
        start = 0
        isShorter = false
      }
    }
  }

  /// Whether the candidate failed.
  package mutating func note(_ fails: Bool) {
    guard let candidate else { return }
    if fails {
      best = candidate
      isShorter = true
    }
    start += size
    self.candidate = nil
  }
}

extension Schedule {
  /// With the ordinary choices in a stretch; nil where they are that already.
  fileprivate func ordinary(_ stretch: Range<Int>) -> Schedule? {
    guard choices[stretch].contains(where: { $0 != 0 }) else { return nil }
    var simpler = self
    for index in stretch { simpler.choices[index] = 0 }
    return simpler.trimmed
  }
}

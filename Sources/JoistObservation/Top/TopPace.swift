// SPDX-License-Identifier: Apache-2.0
//
// The pace of the view. It keeps an account of the processor time that the watched program spends on answers, and
// stretches the time between questions so that the program spends at most one percent of a core on the view. The
// description of the runtime is cheap and its cost does not grow with the processes, so it has a part of its own and
// is asked for more often than a dear list.

/// Decides when the program may be asked again.
package struct TopPace: Sendable {
  /// The part of a core that the watched program may spend on the view.
  package static let share = 0.01
  /// The part of that share that descriptions of the runtime may take; the rest is for lists and pages.
  private static let runtimePart = 0.2
  /// The time that the view may spend ahead of its share, so that a key press is answered at once.
  ///
  /// Half a second is ten answers of 50 ms.
  package static let maxCredit: Int64 = 500_000_000
  /// The number of answers of one kind over which the cost is judged.
  private static let maxSamples = 8

  /// The interval that the user has chosen, in nanoseconds.
  package var chosen: Int64
  private var runtimeCost: Int64 = 0
  private var detailCost: Int64 = 0
  private var credit = maxCredit
  /// The times of the last answers; nil before the first ones.
  private var lastRuntime, lastDetail: Int64?
  private var samples: [TopQuestion.Part: [Int64]] = [:]

  /// Creates a pace with a full account.
  package init(chosen: Int64) { self.chosen = chosen }

  /// The time between two descriptions of the runtime: the chosen one, or a longer one if they are dear.
  package var runtimeInterval: Int64 {
    max(chosen, Int64(Double(runtimeCost) / (Self.share * Self.runtimePart)))
  }

  /// The time between two lists or pages, which is at least that between two descriptions of the runtime.
  package var detailInterval: Int64 {
    max(runtimeInterval, Int64(Double(detailCost) / (Self.share * (1 - Self.runtimePart))))
  }

  /// Books a set of answers that ended at `time`.
  ///
  /// The cost of an answer is the time that the program reports for it, or the shortest of the last round trips of its
  /// kind if that is longer: a round trip contains waits, which cost the program nothing.
  package mutating func book(_ timings: [TopQuestion.Timing], at time: Int64) {
    credit = credit(at: time)
    var runtime: Int64 = 0
    var detail: Int64?
    for timing in timings {
      var last = samples[timing.part, default: []]
      last.append(timing.roundTrip)
      if last.count > Self.maxSamples { last.removeFirst() }
      samples[timing.part] = last
      let cost = max(timing.reported, last.min() ?? 0)
      credit -= cost
      switch timing.part {
      case .program, .runtime: runtime += cost
      default: detail = (detail ?? 0) + cost
      }
    }
    runtimeCost = runtime
    lastRuntime = time
    guard let detail else { return }
    detailCost = detail
    lastDetail = time
  }

  /// Returns the time of the next description of the runtime.
  package func nextRuntime(now: Int64) -> Int64 { lastRuntime.map { $0 + runtimeInterval } ?? now }

  /// Returns the time of the next list or page; `isUrgent` if a key press waits for it.
  package func nextDetail(isUrgent: Bool, now: Int64) -> Int64 {
    guard let lastDetail else { return now }
    let regular = lastDetail + detailInterval
    guard isUrgent else { return regular }
    let credit = credit(at: now)
    return min(regular, credit > 0 ? now : now + Int64(Double(1 - credit) / Self.share))
  }

  private func credit(at time: Int64) -> Int64 {
    guard let lastRuntime else { return credit }
    return min(Self.maxCredit, credit + Int64(Double(max(0, time - lastRuntime)) * Self.share))
  }
}

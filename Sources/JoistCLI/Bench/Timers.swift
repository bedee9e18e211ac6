// SPDX-License-Identifier: Apache-2.0
//
// Scenarios about timers, which send a message at a later time.

import Joist

extension Scenario {
  /// Timers that are armed and then cancelled before they fire.
  static let timersCancel = Scenario(
    name: "timers_cancel",
    about: "ns per timer: arm TIMERS timers of 60 to 90 s, then cancel them all",
    parameters: [Parameter("timers", 1...20_000_000)],
    figures: [Figure("ns", "ns", "per timer, to arm and cancel it")],
    runs: [.all(1_000_000)]
  ) { trial in
    let timers = trial.arguments[0]
    return try trial.inProcess(of: Int.self) { main in
      let each = try nanosecondsEach(timers) { count in
        var armed: [TimerID] = []
        armed.reserveCapacity(count)
        for number in 0..<count {
          armed.append(main.sendAfter(.milliseconds(60_000 + number * 7_919 % 30_000), to: main.ref, number))
          try main.reduce(1)
        }
        for timer in armed {
          guard main.cancel(timer) != nil else { throw BenchProblem("timers_cancel: a timer has fired") }
          try main.reduce(1)
        }
      }
      return Outcome(["ns": each])
    }
  }

  /// Timers that fire within a second.
  static let timersFire = Scenario(
    name: "timers_fire",
    about: "µs late that timers fire, TIMERS of them due within one second",
    parameters: [Parameter("timers", 1...10_000_000)],
    figures: [
      Figure("p50", "µs", "lateness of a timer, median"),
      Figure("p99", "µs", "lateness, 99th percentile"),
      Figure("p999", "µs", "lateness, 99.9th percentile"),
      Figure("max", "µs", "lateness, maximum"),
      Figure("n", "", "timers"),
    ],
    runs: [.all(100_000)]
  ) { trial in
    let timers = trial.arguments[0]
    return try trial.inProcess(of: ContinuousClock.Instant.self, patience: .milliseconds(100)) { main in
      _ = try lateness(main, max(1, timers / 10))
      let late = try lateness(main, timers)
      return Outcome(late.figures, late)
    }
  }
}

/// Arms timers for whole milliseconds of the second that begins one second from now.
///
/// Returns how late the process received each timer's message.
private func lateness(_ process: ProcessContext<ContinuousClock.Instant>, _ count: Int) throws -> Distribution {
  let start = ContinuousClock.now + .seconds(1)
  for number in 1...count {
    let due = start + .milliseconds(number * 7_919 % 1_000)
    process.sendAfter(due - ContinuousClock.now, to: process.ref, due)
    try process.reduce(1)
  }
  var late = Distribution()
  for _ in 0..<count {
    let due = try process.receive()
    late.add(ContinuousClock.now - due)
  }
  return late
}

// SPDX-License-Identifier: Apache-2.0
//
// Scenarios about messages that are sent later.

import Joist

extension Scenario {
  /// Timers that are armed and never fire.
  static let timersCancel = Scenario(
    name: "timers_cancel",
    about: "arming a timer of a minute, and cancelling it",
    parameters: [Parameter("timers", 1...20_000_000)],
    figures: [Figure("ns", "ns", "both, a timer")],
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
          guard main.cancel(timer) != nil else { throw BenchProblem("timers_cancel: one has fired") }
          try main.reduce(1)
        }
      }
      return Outcome(["ns": each])
    }
  }

  /// Timers that fire within a second.
  static let timersFire = Scenario(
    name: "timers_fire",
    about: "lateness of timers due within one second",
    parameters: [Parameter("timers", 1...10_000_000)],
    figures: [
      Figure("p50", "µs", "late, half of the timers"),
      Figure("p99", "µs", "late, 99 %"),
      Figure("p999", "µs", "late, 99.9 %"),
      Figure("max", "µs", "late at worst"),
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

/// Arms timers for whole milliseconds of the second that begins a second from now: how late each message was taken.
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

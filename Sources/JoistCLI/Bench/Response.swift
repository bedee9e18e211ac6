// SPDX-License-Identifier: Apache-2.0
//
// Scenarios about response time: how late a sleeper wakes beside processes that compute forever.

import Joist

extension Scenario {
  /// The computing processes count a reduction in each iteration.
  static let response = responseScenario(
    name: "response",
    about: "µs late that 1 ms sleeps end, beside SPINNERS loops that call reduce",
    runs: [.all(0, 2_000), .all(4, 2_000)]
  ) { process in
    var value: UInt64 = 1
    while true {
      try process.reduce(1)
      value = turned(value)
      Sink.take(value)
    }
  }

  /// The computing processes never reach a suspension point.
  static let responsePlain = responseScenario(
    name: "response_plain",
    about: "µs late that 1 ms sleeps end, beside SPINNERS loops that never suspend",
    runs: [.all(4, 2_000)]
  ) { _ in Sink.take(spin(.max)) }
}

private func responseScenario(
  name: String,
  about: String,
  runs: [Run],
  spinner: @escaping @Sendable (ProcessContext<Never>) throws -> Void
) -> Scenario {
  Scenario(
    name: name,
    about: about,
    parameters: [Parameter("spinners", 0...10_000), Parameter("sleeps", 1...1_000_000)],
    figures: [
      Figure("p50", "µs", "lateness of a sleep, median"),
      Figure("p99", "µs", "lateness, 99th percentile"),
      Figure("p999", "µs", "lateness, 99.9th percentile"),
      Figure("max", "µs", "lateness, maximum"),
      Figure("n", "", "sleeps"),
    ],
    runs: runs
  ) { trial in
    let (spinners, sleeps) = (trial.arguments[0], trial.arguments[1])
    return try trial.inProcess(of: Void.self, patience: .milliseconds(100)) { main in
      _ = try lateness(main, 100, .seconds(1))
      let others = (0..<spinners).map { _ in main.spawn { process in try spinner(process) } }
      let late = try lateness(main, sleeps, .seconds(8))
      for other in others { other.exit(.killed) }
      return Outcome(late.figures, late)
    }
  }
}

/// Sleeps for a millisecond `count` times, or until `limit` has passed; returns how late each sleep ended.
private func lateness(_ process: ProcessContext<Void>, _ count: Int, _ limit: Duration) throws -> Distribution {
  var late = Distribution()
  let end = ContinuousClock.now + limit
  while late.count < count, ContinuousClock.now < end {
    let start = ContinuousClock.now
    try process.sleep(for: .milliseconds(1))
    late.add(ContinuousClock.now - start - .milliseconds(1))
  }
  return late
}

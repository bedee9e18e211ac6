// SPDX-License-Identifier: Apache-2.0
//
// Scenarios about switching: through the run queue, and between bare stacks.

import Joist

extension Scenario {
  /// Two processes that yield to each other.
  static let yield = Scenario(
    name: "yield",
    about: "ns per yield, two processes that yield to each other",
    parameters: [Parameter("yields", 2...1_000_000_000)],
    figures: [Figure("ns", "ns", "per yield")],
    runs: [.one(10_000_000)]
  ) { trial in
    let count = trial.arguments[0]
    return try trial.inProcess(of: Void.self) { main in
      let each = try nanosecondsEach(count) { count in
        try main.parallel(2) { process in
          for _ in 0..<(count / 2) { try process.yield() }
        }
      }
      return Outcome(["ns": each])
    }
  }

  /// The bare switch between two stacks.
  static let yieldFcontext = Scenario(
    name: "yield_fcontext",
    about: "ns per switch between two bare stacks, without a run queue",
    parameters: [Parameter("switches", 2...1_000_000_000)],
    figures: [Figure("ns", "ns", "per switch")],
    runs: [.one(10_000_000)]
  ) { trial in
    let pair = BareSwitch()
    // A round trip is two switches.
    let each = nanosecondsEach(trial.arguments[0]) { count in pair.goAndReturn(count / 2) }
    return Outcome(["ns": each])
  }
}

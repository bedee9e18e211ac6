// SPDX-License-Identifier: Apache-2.0
//
// The speed of simulated threads, in one long run in which every rule is checked after every step.

import Joist
import JoistSimulation

extension Scenario {
  /// Two processes that send each other numbers, on two simulated schedulers.
  static let simulated = Scenario(
    name: "simulated",
    about: "ns per step of a simulated thread, including the rule checks after it",
    parameters: [Parameter("messages", 1...10_000_000)],
    figures: [
      Figure("ns", "ns", "per step"),
      Figure("steps_per_s", "1/s", "steps per second, on one core"),
    ],
    runs: [.one(100_000)]
  ) { trial in
    let count = trial.arguments[0]
    let simulation = try Simulation(seed: 1)
    let echo = simulation.runtime.spawn(ProcessRef<Int>.self) { process in
      while true { try process.receive().send(1) }
    }
    simulation.runtime.spawn(Int.self) { process in
      for _ in 0..<count {
        echo.send(process.ref)
        _ = try process.receive()
      }
    }
    let begin = ContinuousClock.now
    try simulation.run()
    let nanoseconds = (ContinuousClock.now - begin).nanoseconds / Double(simulation.steps)
    try simulation.finish()
    return Outcome(["ns": nanoseconds, "steps_per_s": 1e9 / nanoseconds])
  }
}

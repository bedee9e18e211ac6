// SPDX-License-Identifier: Apache-2.0
//
// Random programs on random schedules, and mutations of the runtime, which these programs must find.

import Joist
import JoistSimulation
import TestSupport
import Testing

struct ProgramTests {
  @Test func `V1: random programs observe only what Erlang's rules allow on ten thousand seeds`() {
    for schedulers in [1, 2, 3] {
      let search = Search(faults: .harmless, schedulers: schedulers)
      let found = search.find(seeds: seeds(3_333)) { simulation in
        try RandomProgram(seed: simulation.seed).run(on: simulation)
      }
      #expect(found == nil, "\(String(describing: found))")
    }
  }

  @Test func `V1: random programs observe only what Erlang's rules allow when processes share few stack slots`() {
    var configuration = ProcessRuntime.Configuration.simulated
    configuration.slots = 2
    let search = Search(strategy: .pct(depth: 4), faults: .harmless, configuration: configuration)
    let found = search.find(seeds: seeds(1_000)) { simulation in
      try RandomProgram(seed: simulation.seed).run(on: simulation)
    }
    #expect(found == nil, "\(String(describing: found))")
  }

  @Test func `L1, V1: no process is abandoned or left suspended when processes end each other at the end of slices`() {
    for (schedulers, strategy) in [(1, Strategy.random), (2, .pct(depth: 3)), (3, .random)] {
      let search = Search(strategy: strategy, faults: .harmless, schedulers: schedulers)
      let found = search.find(seeds: seeds(2_000)) { simulation in
        try RandomProgram(seed: simulation.seed, kind: .slicesAndExits).run(on: simulation)
      }
      #expect(found == nil, "\(String(describing: found))")
    }
  }

  @Test func `L1, V1: a killed process unwinds in the run that first showed one abandoned at the end of its slice`() {
    let found = Search(faults: .harmless, schedulers: 3).find(seeds: 1_553_527_454..<1_553_527_455) { simulation in
      try RandomProgram(seed: simulation.seed).run(on: simulation)
    }
    #expect(found == nil, "\(String(describing: found))")
  }

  @Test(arguments: Mutation.allCases)
  func `V1: a mutation is found within a thousand seeds`(_ mutation: Mutation) throws {
    let found = Search().find(seeds: 0..<1_000) { simulation in
      simulation.plant(mutation, after: Int(simulation.seed % 8))
      if mutation == .forgottenAgeing { crowd(simulation) }
      try RandomProgram(seed: simulation.seed).run(on: simulation)
    }
    let counterexample = try #require(found)
    print("\(mutation.rawValue): found by run \(counterexample.runs): \(counterexample.reason)")
  }

  @Test func `V1: the same seed gives the same run`() throws {
    func once() throws -> [String] {
      let simulation = try Simulation(seed: 7, faults: .harmless)
      try RandomProgram(seed: 7).run(on: simulation)
      let seen = ["\(simulation.schedule)", "\(simulation.steps)", "\(simulation.elapsed)"]
      try simulation.finish()
      return seen
    }
    let first = try once()
    for _ in 0..<3 { #expect(try once() == first) }
  }
}

/// Spawns more processes of normal priority than there are schedulers, and one of low priority.
private func crowd(_ simulation: Simulation) {
  for priority in [Priority.normal, .normal, .normal, .normal, .low] {
    simulation.runtime.spawn(options: .init(priority: priority)) { process in
      for _ in 0..<100 { try process.yield() }
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// Random programs on random schedules, and faults planted in the runtime, which they must find.

import Joist
import JoistSimulation
import TestSupport
import Testing

struct ProgramTests {
  @Test func `V1: random programs see nothing on ten thousand seeds that Erlang's rules do not allow`() {
    for schedulers in [1, 2, 3] {
      let search = Search(faults: .harmless, schedulers: schedulers)
      let found = search.find(seeds: seeds(3_333)) { simulation in
        try RandomProgram(seed: simulation.seed).run(on: simulation)
      }
      #expect(found == nil, "\(String(describing: found))")
    }
  }

  @Test func `V1: random programs hold where few stacks make processes move`() {
    var configuration = ProcessRuntime.Configuration.simulated
    configuration.slots = 2
    let search = Search(strategy: .pct(depth: 4), faults: .harmless, configuration: configuration)
    let found = search.find(seeds: seeds(1_000)) { simulation in
      try RandomProgram(seed: simulation.seed).run(on: simulation)
    }
    #expect(found == nil, "\(String(describing: found))")
  }

  @Test func `L1, V1: programs that end each other where slices end see no process abandoned or left suspended`() {
    for (schedulers, strategy) in [(1, Strategy.random), (2, .pct(depth: 3)), (3, .random)] {
      let search = Search(strategy: strategy, faults: .harmless, schedulers: schedulers)
      let found = search.find(seeds: seeds(2_000)) { simulation in
        try RandomProgram(seed: simulation.seed, kind: .slicesAndExits).run(on: simulation)
      }
      #expect(found == nil, "\(String(describing: found))")
    }
  }

  @Test func `L1, V1: the run in which a search first saw a killed process abandoned where its slice ends`() {
    let found = Search(faults: .harmless, schedulers: 3).find(seeds: 1_553_527_454..<1_553_527_455) { simulation in
      try RandomProgram(seed: simulation.seed).run(on: simulation)
    }
    #expect(found == nil, "\(String(describing: found))")
  }

  @Test(arguments: Mutation.allCases)
  func `V1: a planted fault is found within a thousand seeds`(_ mutation: Mutation) throws {
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

/// More normal work than there are schedulers, for a while, and some that is less urgent.
private func crowd(_ simulation: Simulation) {
  for priority in [Priority.normal, .normal, .normal, .normal, .low] {
    simulation.runtime.spawn(options: .init(priority: priority)) { process in
      for _ in 0..<100 { try process.yield() }
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// Simulated runs: the same from the same seed, and wrong where something is.

import Joist
import JoistSimulation
import TestSupport
import Testing

struct SearchTests {
  @Test func `V1: right programs run on a thousand seeds`() {
    let found = Search(faults: .harmless, schedulers: 3).find(seeds: 0..<UInt64(many(1_000))) { simulation in
      let echo = simulation.runtime.spawn(Echo.self) { process in
        for _ in 0..<20 {
          switch try process.receive() {
          case .ask(let number, let reply): reply.send(number + 1)
          }
        }
      }
      for _ in 0..<4 {
        simulation.runtime.spawn { process in
          for number in 0..<5 {
            let answer = try process.call(echo) { .ask(number, $0) }
            if answer != number + 1 { throw Wrong("a wrong answer") }
          }
        }
      }
      try simulation.run()
      if simulation.runtime.statistics.processesEnded != 5 { throw Wrong("not all have ended") }
    }
    #expect(found == nil, "\(String(describing: found))")
  }

  @Test func `V1: a race of two processes for a name is found within a thousand seeds, and replayed`() throws {
    func race(_ simulation: Simulation) throws {
      let log = Log<String>()
      for _ in 0..<2 {
        simulation.runtime.spawn { process in
          guard try process.lookup("leader", as: Never.self) == nil else { return }
          do { try process.register(as: "leader") } catch { log.add("\(error)") }
          try process.sleep(for: .milliseconds(1))
        }
      }
      try simulation.run()
      if !log.entries.isEmpty { throw Wrong("two leaders") }
    }
    let found = try #require(Search().find(seeds: 0..<1_000, race))
    #expect(found.reason == "two leaders")
    let again = try #require(Search().replay(found.schedule, race))
    #expect(again.reason == found.reason)
    #expect(again.timeline == found.timeline)
  }
}

enum Echo: Sendable { case ask(Int, ReplyTo<Int>) }

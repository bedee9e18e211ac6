// SPDX-License-Identifier: Apache-2.0
//
// The trait, the probe and simulated time, as users write them.

import Joist
import JoistTesting
import Synchronization
import TestSupport
import Testing

struct TraitTests {
  @Test(.simulated(seeds: 0..<50)) func `V1: a test runs once for each seed of its trait`() throws {
    let simulation = try Simulation()
    let probe = Probe<Int>(on: simulation)
    let ref = probe.ref
    simulation.runtime.spawn { process in
      try process.sleep(for: .seconds(5))
      ref.send(1)
    }
    try probe.expectNoMessage(within: .seconds(4))
    try probe.expectMessage(1, within: .seconds(2))
  }

  @Test func `V1: the trait reports a race with its seed, the shortest schedule and the timeline`() async throws {
    let comments = Log<String>()
    let catching: IssueHandlingTrait = .compactMapIssues { issue in
      for comment in issue.comments { comments.add(comment.rawValue) }
      return nil
    }
    let test = try #require(Test.current)
    try await catching.provideScope(for: test, testCase: Test.Case.current) {
      let trait: SimulatedTrait = .simulated(seeds: 0..<1_000)
      try await trait.provideScope(for: test, testCase: Test.Case.current, performing: raceForAName)
    }
    let report = try #require(comments.entries.first)
    #expect(report.contains("JOIST_SEED="))
    #expect(report.contains("JOIST_SCHEDULE='0*2 1'"))
    #expect(report.contains("process 2 is running"))
  }
}

/// Runs two processes that each check whether a name is free and then register it.
@Sendable private func raceForAName() throws {
  let simulation = try Simulation()
  let refused = Count()
  for _ in 0..<2 {
    simulation.runtime.spawn { process in
      guard try process.lookup("leader", as: Never.self) == nil else { return }
      do { try process.register(as: "leader") } catch { refused.add() }
      try process.sleep(for: .milliseconds(1))
    }
  }
  try simulation.run()
  #expect(refused.total == 0)
}

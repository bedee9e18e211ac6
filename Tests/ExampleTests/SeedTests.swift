// SPDX-License-Identifier: Apache-2.0
//
// The tests that the documentation of JoistTesting shows: one that a race fails, and others that pass on every seed.

import Joist
import JoistTesting
import Synchronization
import Testing

final class Refusals: Sendable { let count = Atomic(0) }

/// The test that fails is expected to: its issues are counted, and not reported.
@Suite(.failing) struct FailingSeedTests {
  @Test(.simulated(seeds: 0..<1_000))
  func `one of two becomes the leader, and none is refused`() throws {
    let simulation = try Simulation()
    let refusals = Refusals()
    for _ in 0..<2 {
      simulation.runtime.spawn { process in
        if try process.lookup("leader", as: Never.self) != nil { return }
        do {
          try process.register(as: "leader")
        } catch {
          refusals.count.add(1, ordering: .relaxed)
        }
        try process.sleep(for: .milliseconds(1))
      }
    }
    try simulation.run()
    #expect(refusals.count.load(ordering: .relaxed) == 0)
  }
}

@Suite struct SeedTests {
  @Test(.simulated(seeds: 0..<200))
  func `a reminder comes after an hour, and not before`() throws {
    let simulation = try Simulation()
    let probe = Probe<String>(on: simulation)
    let reader = probe.ref
    simulation.runtime.spawn { process in
      try process.sleep(for: .seconds(3_600))
      reader.send("tea")
    }
    try probe.expectNoMessage(within: .seconds(3_599))
    try probe.expectMessage("tea", within: .seconds(2))
  }

  @Test(.simulated(seeds: 0..<200, strategy: .pct(depth: 3), faults: [.shortSlices, .spuriousWakes]))
  func `deposits are not lost`() throws {
    let simulation = try Simulation()
    let account = ProcessLock(0)
    for _ in 0..<3 {
      simulation.runtime.spawn { _ in account.withLock { $0 += 10 } }
    }
    try simulation.run()
    simulation.thread { account.withLock { total in #expect(total == 30) } }
    try simulation.settle()
  }

  @Test func `a search finds the race, and repeats it`() throws {
    let refusals = Refusals()
    let race: (Simulation) throws -> Void = { simulation in
      refusals.count.store(0, ordering: .relaxed)
      for _ in 0..<2 {
        simulation.runtime.spawn { process in
          guard try process.lookup("leader", as: Never.self) == nil else { return }
          do { try process.register(as: "leader") } catch { refusals.count.add(1, ordering: .relaxed) }
          try process.sleep(for: .milliseconds(1))
        }
      }
      try simulation.run()
      if refusals.count.load(ordering: .relaxed) > 0 { throw SimulationError("a process was refused") }
    }
    let search = Search()
    let found = try #require(search.find(seeds: 0..<1_000, race))
    #expect(found.reason.contains("a process was refused"))
    #expect(search.replay(found.schedule, seed: found.seed, race) != nil)
  }
}

/// A trait for tests that must fail: it records an issue if none has failed.
private struct Failing: SuiteTrait, TestTrait, TestScoping {
  var isRecursive: Bool { true }

  func scopeProvider(for test: Test, testCase: Test.Case?) -> Failing? { testCase == nil ? nil : self }

  func provideScope(
    for test: Test,
    testCase: Test.Case?,
    performing function: @concurrent @Sendable () async throws -> Void
  ) async throws {
    let failures = Refusals()
    let handler: IssueHandlingTrait = .compactMapIssues { _ in
      failures.count.add(1, ordering: .relaxed)
      return nil
    }
    try await handler.provideScope(for: test, testCase: testCase, performing: function)
    #expect(failures.count.load(ordering: .relaxed) > 0)
  }
}

extension Trait where Self == Failing {
  fileprivate static var failing: Failing { Failing() }
}

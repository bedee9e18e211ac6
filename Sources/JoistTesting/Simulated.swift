// SPDX-License-Identifier: Apache-2.0
//
// The trait by which a test runs once for each seed.

@_exported public import JoistSimulation
public import Testing

/// Runs a test once for each seed, each time with other choices, until a run fails.
///
/// Every ``Simulation`` that the test makes has the run's seed, and is finished when the test returns. A run fails when
/// an expectation does, when the test throws, or when a rule of the runtime does not hold. What failed is told with the
/// seed, the shortest schedule that fails, what happened, and how to have it again.
public struct SimulatedTrait: TestTrait, SuiteTrait, TestScoping {
  let seeds: Range<Int>
  let strategy: Strategy
  let faults: FaultInjection

  /// Suites hand it on to their tests.
  public var isRecursive: Bool { true }

  /// Each case of a test is a scope.
  public func scopeProvider(for test: Test, testCase: Test.Case?) -> SimulatedTrait? { testCase == nil ? nil : self }

  /// Runs the test for each seed.
  public func provideScope(
    for test: Test,
    testCase: Test.Case?,
    performing function: @concurrent @Sendable () async throws -> Void
  ) async throws {
    let run = SimulatedRun(trait: self, test: test, testCase: testCase)
    if let schedule = Rerun.schedule {
      return try await run.show(Plan.again(schedule, Rerun.seed ?? 0, faults), "the given schedule", function)
    }
    for seed in Rerun.seed.map({ [$0] }) ?? seeds.map({ UInt64($0) })
    where try await run.fails(Plan.first(seed, strategy, faults), function) != nil {
      return try await run.showShortest(seed, function)
    }
  }
}

extension Trait where Self == SimulatedTrait {
  /// Runs the test once for each seed, on simulated threads and time.
  ///
  /// ```swift
  /// @Test(.simulated(seeds: 0..<1_000)) func `one leader at a time`() throws {
  ///   let simulation = try Simulation()
  ///   …
  ///   try simulation.run()
  ///   #expect(leaders == 1)
  /// }
  /// ```
  public static func simulated(
    seeds: Range<Int> = 0..<1_000,
    strategy: Strategy = .random,
    faults: FaultInjection = []
  ) -> SimulatedTrait {
    SimulatedTrait(seeds: seeds, strategy: strategy, faults: faults)
  }
}

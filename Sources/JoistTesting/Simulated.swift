// SPDX-License-Identifier: Apache-2.0
//
// The trait that runs a test once for each seed.

@_exported public import JoistSimulation
public import Testing

/// A trait that runs a test once for each seed, with different choices each time, until a run fails.
///
/// Every ``Simulation`` that the test creates uses the seed of the run and is finished when the test returns. A run
/// fails when an expectation fails, when the test throws, or when a rule of the runtime is broken. The reported issue
/// contains the seed, the shortest failing schedule, its timeline, and the command that repeats the run.
public struct SimulatedTrait: TestTrait, SuiteTrait, TestScoping {
  let seeds: Range<Int>
  let strategy: Strategy
  let faults: FaultInjection

  /// Whether suites pass the trait on to their tests: always true.
  public var isRecursive: Bool { true }

  /// Returns the trait for each case of a test, and nil for a suite or a test as a whole.
  public func scopeProvider(for test: Test, testCase: Test.Case?) -> SimulatedTrait? { testCase == nil ? nil : self }

  /// Runs the test for each seed until a run fails, and then shrinks and reports that run.
  ///
  /// The environment variables `JOIST_SEED` and `JOIST_SCHEDULE` restrict it to one run.
  public func provideScope(
    for test: Test,
    testCase: Test.Case?,
    performing function: @concurrent @Sendable () async throws -> Void
  ) async throws {
    let run = SimulatedRun(trait: self, test: test, testCase: testCase)
    if let schedule = Rerun.schedule {
      return try await run.show(Plan.replay(schedule, Rerun.seed ?? 0, faults), "the given schedule", function)
    }
    for seed in Rerun.seed.map({ [$0] }) ?? seeds.map({ UInt64($0) })
    where try await run.fails(Plan.first(seed, strategy, faults), function) != nil {
      return try await run.showShortest(seed, function)
    }
  }
}

extension Trait where Self == SimulatedTrait {
  /// Runs the test once for each seed, on simulated threads and simulated time.
  ///
  /// ```swift
  /// @Test(.simulated(seeds: 0..<1_000)) func `there is one leader at a time`() throws {
  ///   let simulation = try Simulation()
  ///   …
  ///   try simulation.run()
  ///   #expect(leaders == 1)
  /// }
  /// ```
  ///
  /// - Parameters:
  ///   - seeds: The seeds, tried in order.
  ///   - strategy: The strategy that chooses among threads and faults.
  ///   - faults: The kinds of faults to inject.
  /// - Returns: The trait.
  public static func simulated(
    seeds: Range<Int> = 0..<1_000,
    strategy: Strategy = .random,
    faults: FaultInjection = []
  ) -> SimulatedTrait {
    SimulatedTrait(seeds: seeds, strategy: strategy, faults: faults)
  }
}

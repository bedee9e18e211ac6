// SPDX-License-Identifier: Apache-2.0
//
// Concurrency tests have one body, which runs on real threads and on seeds: on real threads with few schedulers and
// with many, on seeds with other choices each time and with the faults that right programs do not notice.

package import Joist
import JoistSimulation
import JoistTesting
import Synchronization
package import Testing

/// Runs a test on real threads, and then once for each of some seeds.
///
/// The test makes its runtime with ``onRuntime(slots:_:)``, and asks ``size(_:seeds:)`` how much it is to do.
package struct ThreadsAndSeeds: TestTrait, TestScoping {
  /// Schedulers of the run at hand.
  @TaskLocal fileprivate static var schedulers = 2

  package func scopeProvider(for test: Test, testCase: Test.Case?) -> ThreadsAndSeeds? { testCase == nil ? nil : self }

  package func provideScope(
    for test: Test,
    testCase: Test.Case?,
    performing function: @concurrent @Sendable () async throws -> Void
  ) async throws {
    for schedulers in schedulerCounts {
      try await ThreadsAndSeeds.$schedulers.withValue(schedulers) { try await function() }
    }
    for (schedulers, strategy) in [(2, Strategy.random), (3, .pct(depth: 3))] {
      let trait = SimulatedTrait.simulated(seeds: 0..<seeds(100).count, strategy: strategy, faults: .harmless)
      try await ThreadsAndSeeds.$schedulers.withValue(schedulers) {
        try await trait.provideScope(for: test, testCase: testCase, performing: function)
      }
    }
  }
}

extension Trait where Self == ThreadsAndSeeds {
  /// On real threads and on seeds.
  package static var threadsAndSeeds: ThreadsAndSeeds { ThreadsAndSeeds() }
}

/// So much on real threads, and so much where each seed does it again; of the first only a tenth on ARM64, but not less
/// than of the second.
package func size(_ threads: Int, seeds: Int) -> Int { Plan.current == nil ? max(seeds, many(threads)) : seeds }

/// Runs something on a runtime that the trait ``ThreadsAndSeeds`` says how to make, as one more thread beside its
/// schedulers; then waits until the runtime is idle, and shuts it down.
package func onRuntime(
  slots: Int? = nil,
  sourceLocation: SourceLocation = #_sourceLocation,
  _ body: @escaping @Sendable (ProcessRuntime) throws -> Void
) throws -> RuntimeStatistics {
  guard Plan.current != nil else {
    let configuration = ProcessRuntime.Configuration(schedulers: ThreadsAndSeeds.schedulers, slots: slots ?? 64)
    return try withRuntime(configuration, sourceLocation: sourceLocation, body)
  }
  var configuration = ProcessRuntime.Configuration.simulated
  configuration.slots = slots ?? configuration.slots
  let simulation = try Simulation(schedulers: ThreadsAndSeeds.schedulers, configuration: configuration)
  let runtime = simulation.runtime
  let errors = Log<any Error>()
  simulation.thread("test") {
    do { try body(runtime) } catch { errors.add(error) }
  }
  try withLimit("its simulation is over", sourceLocation: sourceLocation) {
    try simulation.run()
    try simulation.finish()
  }
  if let error = errors.entries.first { throw error }
  return runtime.statistics
}

// SPDX-License-Identifier: Apache-2.0
//
// A concurrency test has one body, which runs on real threads and in simulations. On real threads it runs with few and
// with many schedulers. In simulations it runs once for each seed, with the faults that correct programs do not notice.

package import Joist
import JoistSimulation
import JoistTesting
import Synchronization
package import Testing

/// A trait that runs a test on real threads, and then in a simulation once for each of some seeds.
///
/// The test creates its runtime with ``onRuntime(slots:_:)``, and asks ``size(_:seeds:)`` for the amount of work.
package struct ThreadsAndSeeds: TestTrait, TestScoping {
  /// The number of schedulers of the current run.
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
  /// Runs the test on real threads and in simulations.
  package static var threadsAndSeeds: ThreadsAndSeeds { ThreadsAndSeeds() }
}

/// Returns the amount of work: `threads` on real threads, and `seeds` in a simulation, which repeats it for each seed.
///
/// On ARM64 the first is a tenth of `threads`, but at least `seeds`.
package func size(_ threads: Int, seeds: Int) -> Int { Plan.current == nil ? max(seeds, many(threads)) : seeds }

/// Runs a body on a runtime as the trait ``ThreadsAndSeeds`` specifies it, real or simulated.
///
/// The body runs on a thread beside the schedulers. Afterwards the function waits until the runtime is idle, and shuts
/// it down.
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

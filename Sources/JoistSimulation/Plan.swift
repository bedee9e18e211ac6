// SPDX-License-Identifier: Apache-2.0
//
// The settings that a test's trait, or a search, passes to the simulations created in its scope.

import Joist

/// The settings of the simulations in a scope.
// Sound: one thread or task at a time uses a scope.
package final class Plan: @unchecked Sendable {
  package let seed: UInt64
  let strategy: Strategy
  let faults: FaultInjection
  let recordsTimeline: Bool
  /// Whether threads are interrupted between the atomic steps of lock-free code too.
  let isFine: Bool
  let maxSteps: Int
  /// The exhaustive search that chooses, instead of `strategy`.
  var search: ExhaustiveSearch?
  private let keepsSimulations: Bool
  /// The simulations created in this scope; empty unless the plan keeps them.
  package private(set) var simulations: [Simulation] = []

  /// The plan of the current scope.
  @TaskLocal package static var current: Plan?

  package init(
    seed: UInt64,
    strategy: Strategy = .random,
    faults: FaultInjection = [],
    recordsTimeline: Bool = false,
    isFine: Bool = false,
    maxSteps: Int = 1_000_000,
    keepsSimulations: Bool = false
  ) {
    self.seed = seed
    self.strategy = strategy
    self.faults = faults
    self.recordsTimeline = recordsTimeline
    self.isFine = isFine
    self.maxSteps = maxSteps
    self.keepsSimulations = keepsSimulations
  }

  /// Registers a simulation that was created in this scope.
  func made(_ simulation: Simulation) { if keepsSimulations { simulations.append(simulation) } }

  func makeStrategy() -> any SchedulingStrategy { search.map { ExhaustiveStrategy($0) } ?? strategy.make(seed) }
}

// SPDX-License-Identifier: Apache-2.0
//
// What a test's trait, or a search, wants of the simulations that are made in its scope.

import Joist

/// How simulations are to be made in a scope.
// Sound: a scope is one thread's or one task's at a time.
package final class Plan: @unchecked Sendable {
  package let seed: UInt64
  let strategy: Strategy
  let faults: FaultInjection
  let recordsTimeline: Bool
  let isFine: Bool
  let maxSteps: Int
  /// Tries all runs, if it is there.
  var search: ExhaustiveSearch?
  private let keepsSimulations: Bool
  /// Those that were made.
  package private(set) var simulations: [Simulation] = []

  /// The one of this scope.
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

  /// A simulation was made in this scope.
  func made(_ simulation: Simulation) { if keepsSimulations { simulations.append(simulation) } }

  func makeStrategy() -> any SchedulingStrategy { search.map { ExhaustiveStrategy($0) } ?? strategy.make(seed) }
}

// SPDX-License-Identifier: Apache-2.0
//
// Looks for a run that fails: over seeds, or over all runs there are.

public import Joist

/// A run that failed, made as short as it could be.
public struct Counterexample: Sendable, CustomStringConvertible {
  /// What was wrong in it.
  public let reason: String
  /// The seed of the run that failed.
  public let seed: UInt64
  /// How many runs it took, that one included.
  public let runs: Int
  /// The shortest schedule that fails.
  public let schedule: Schedule
  /// What happens in it.
  public let timeline: String

  /// The reason, how to have it again, and what happens.
  public var description: String {
    "seed \(seed), run \(runs): \(reason)\nschedule: \(schedule)\n\(timeline)"
  }
}

/// How a search goes about it.
public struct Search: Sendable {
  /// Who chooses.
  public var strategy: Strategy
  /// What may go wrong.
  public var faults: FaultInjection
  /// Schedulers of each simulation.
  public var schedulers: Int
  /// Of each runtime, the number of schedulers apart.
  public var configuration: ProcessRuntime.Configuration
  /// Threads are left between atomic steps of the runtime's own lock-free code, too; in debug builds only.
  public var isFine: Bool
  /// A run that takes more steps than that has failed.
  public var maxSteps: Int

  /// Two schedulers, chance, and no faults, unless told otherwise.
  public init(
    strategy: Strategy = .random,
    faults: FaultInjection = [],
    schedulers: Int = 2,
    configuration: ProcessRuntime.Configuration = .simulated,
    isFine: Bool = false,
    maxSteps: Int = 1_000_000
  ) {
    self.strategy = strategy
    self.faults = faults
    self.schedulers = schedulers
    self.configuration = configuration
    self.isFine = isFine
    self.maxSteps = maxSteps
  }

  /// Runs something once for each seed, until a run fails; nil when none does.
  ///
  /// After the body the simulation is run until it is idle, and then finished.
  public func find(
    seeds: Range<UInt64>,
    _ body: (Simulation) throws -> Void
  ) -> Counterexample? {
    CarrierThread.onOne {
      for seed in seeds {
        guard let failed = fails(plan(seed, strategy), body) else { continue }
        return shortest(failed, seed: seed, runs: Int(seed - seeds.lowerBound) + 1, body)
      }
      return nil
    }
  }

  /// Runs something in every way there is with at most so many interruptions, or until so many runs are done.
  ///
  /// Returns the first that fails, and how many runs were done.
  public func findAmongAll(
    interruptions: Int,
    atMost most: Int = 1_000_000,
    _ body: (Simulation) throws -> Void
  ) -> (counterexample: Counterexample?, runs: Int, isComplete: Bool) {
    let search = ExhaustiveSearch(interruptions: interruptions)
    return CarrierThread.onOne {
      let (failed, runs, isComplete) = search.run(atMost: most) { fails(plan(0, strategy, search), body) }
      return (failed.map { shortest($0, seed: 0, runs: runs, body) }, runs, isComplete)
    }
  }

  /// Runs something as a schedule says; what was wrong.
  public func replay(_ schedule: Schedule, seed: UInt64 = 0, _ body: (Simulation) throws -> Void) -> Counterexample? {
    fails(plan(seed, .replay(schedule), records: true), body).map {
      Counterexample(reason: $0.reason, seed: seed, runs: 1, schedule: schedule, timeline: $0.timeline)
    }
  }

  private func plan(
    _ seed: UInt64,
    _ strategy: Strategy,
    _ search: ExhaustiveSearch? = nil,
    records: Bool = false
  ) -> Plan {
    let plan = Plan(
      seed: seed,
      strategy: strategy,
      faults: faults,
      recordsTimeline: records,
      isFine: isFine,
      maxSteps: maxSteps
    )
    plan.search = search
    return plan
  }

  private func fails(_ plan: Plan, _ body: (Simulation) throws -> Void) -> SimulationFailure? {
    Plan.$current.withValue(plan) {
      var simulation: Simulation?
      do {
        let made = try Simulation(schedulers: schedulers, configuration: configuration)
        simulation = made
        try body(made)
        try made.run()
        try made.finish()
        return nil
      } catch let failure as SimulationFailure {
        return failure
      } catch {
        let (schedule, timeline) = (simulation?.schedule ?? Schedule(), simulation?.timeline ?? "")
        return SimulationFailure(reason: "\(error)", seed: plan.seed, schedule: schedule, timeline: timeline)
      }
    }
  }

  private func shortest(
    _ failed: SimulationFailure,
    seed: UInt64,
    runs: Int,
    _ body: (Simulation) throws -> Void
  ) -> Counterexample {
    var shrinking = Shrinking(failed.schedule)
    while let candidate = shrinking.next {
      shrinking.note(fails(plan(seed, .replay(candidate)), body) != nil)
    }
    let schedule = shrinking.best
    let again = fails(plan(seed, .replay(schedule), records: true), body)
    return Counterexample(
      reason: again?.reason ?? failed.reason + " (and not again: something in it is not simulated)",
      seed: seed,
      runs: runs,
      schedule: schedule,
      timeline: again?.timeline ?? ""
    )
  }
}

/// What a run of a search throws when it finds something wrong.
public struct SimulationError: Error, CustomStringConvertible {
  /// What is wrong.
  public let description: String
  /// With what is wrong.
  public init(_ description: String) { self.description = description }
}

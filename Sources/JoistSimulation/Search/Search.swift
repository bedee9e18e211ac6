// SPDX-License-Identifier: Apache-2.0
//
// Searches for a failing run: over seeds, or over all runs within a bound.

public import Joist

/// A failing run, shrunk as far as possible.
public struct Counterexample: Sendable, CustomStringConvertible {
  /// What is wrong in the run.
  public let reason: String
  /// The seed of the run that failed.
  public let seed: UInt64
  /// The number of runs up to the first that failed, before shrinking.
  public let runs: Int
  /// The shortest schedule that fails.
  public let schedule: Schedule
  /// The changes of processes in that run.
  public let timeline: String

  /// The seed, the reason, the schedule and the timeline.
  public var description: String {
    "seed \(seed), run \(runs): \(reason)\nschedule: \(schedule)\n\(timeline)"
  }
}

/// A search for a failing run of a simulated program, and its settings.
public struct Search: Sendable {
  /// The strategy that chooses among threads and faults.
  public var strategy: Strategy
  /// The kinds of faults to inject.
  public var faults: FaultInjection
  /// The number of schedulers of each simulation.
  public var schedulers: Int
  /// The configuration of each runtime; ``schedulers`` replaces its number of schedulers.
  public var configuration: ProcessRuntime.Configuration
  /// Whether threads are interrupted between the atomic steps of lock-free code too, in debug builds only.
  public var isFine: Bool
  /// The number of steps after which a run counts as failed.
  public var maxSteps: Int

  /// Creates a search, by default random, with two schedulers and no faults.
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

  /// Runs a body once for each seed until a run fails.
  ///
  /// After the body, the simulation runs until it is idle and is then finished. A run fails when the body throws or the
  /// simulation does.
  ///
  /// - Returns: The first failing run, shrunk; nil if no run fails.
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

  /// Runs a body in every possible order until a run fails.
  ///
  /// - Parameters:
  ///   - interruptions: The number of times that a run may interrupt a thread that could have run on.
  ///   - limit: The maximum number of runs.
  ///   - body: The body; after it, the simulation runs until it is idle and is then finished.
  /// - Returns: The first failing run, shrunk; the number of runs; and whether all runs within the bound were made.
  public func findAmongAll(
    interruptions: Int,
    atMost limit: Int = 1_000_000,
    _ body: (Simulation) throws -> Void
  ) -> (counterexample: Counterexample?, runs: Int, isComplete: Bool) {
    let search = ExhaustiveSearch(interruptions: interruptions)
    return CarrierThread.onOne {
      let (failed, runs, isComplete) = search.run(atMost: limit) { fails(plan(0, strategy, search), body) }
      return (failed.map { shortest($0, seed: 0, runs: runs, body) }, runs, isComplete)
    }
  }

  /// Runs a body with the choices of a schedule.
  ///
  /// - Returns: The run with its timeline if it fails; nil otherwise.
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
      reason: again?.reason ?? failed.reason + " (but not when replayed: something in the run is not simulated)",
      seed: seed,
      runs: runs,
      schedule: schedule,
      timeline: again?.timeline ?? ""
    )
  }
}

/// An error for the body of a search to throw when it finds something wrong.
public struct SimulationError: Error, CustomStringConvertible {
  /// The description of what is wrong.
  public let description: String
  /// Creates an error with a description of what is wrong.
  public init(_ description: String) { self.description = description }
}

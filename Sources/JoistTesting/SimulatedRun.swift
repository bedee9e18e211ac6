// SPDX-License-Identifier: Apache-2.0
//
// One test under the trait: its runs, what went wrong in them, and how that is told.

import Foundation
import JoistSimulation
import Synchronization
import Testing

/// Runs a test as plans say.
struct SimulatedRun {
  let trait: SimulatedTrait
  let test: Test
  let testCase: Test.Case?

  /// What went wrong in a run, in a line; nil when nothing did.
  ///
  /// Nothing of it is told yet.
  func fails(_ plan: Plan, _ function: @concurrent @Sendable () async throws -> Void) async throws -> String? {
    let issues = Mutex<[String]>([])
    try await perform(plan, function) { issue in
      issues.withLock { $0.append("\(issue)") }
      return nil
    }
    return issues.withLock { $0.first }
  }

  /// Runs a test and tells what goes wrong, with the run's schedule and timeline.
  func show(_ plan: Plan, _ what: String, _ function: @concurrent @Sendable () async throws -> Void) async throws {
    let told = Atomic<Bool>(false)
    try await perform(plan, function) { issue in
      guard !told.exchange(true, ordering: .relaxed) else { return issue }
      var issue = issue
      issue.comments.append(Comment(rawValue: report(plan, what)))
      return issue
    }
    if !told.load(ordering: .relaxed) {
      Issue.record("\(what) failed, and does not fail again: something in the test is not simulated")
    }
  }

  /// Shortens the run of a seed that failed, and shows the shortest.
  func showShortest(_ seed: UInt64, _ function: @concurrent @Sendable () async throws -> Void) async throws {
    let first = Plan.first(seed, trait.strategy, trait.faults)
    _ = try await fails(first, function)
    var shrinking = Shrinking(first.schedule)
    while let candidate = shrinking.next {
      let fails = try await fails(Plan.again(candidate, seed, trait.faults), function) != nil
      shrinking.note(fails)
    }
    try await show(Plan.again(shrinking.best, seed, trait.faults), "seed \(seed)", function)
  }

  private func perform(
    _ plan: Plan,
    _ function: @concurrent @Sendable () async throws -> Void,
    _ handle: @escaping @Sendable (Issue) -> Issue?
  ) async throws {
    let handler: IssueHandlingTrait = .compactMapIssues(handle)
    try await handler.provideScope(for: test, testCase: testCase) {
      await Plan.$current.withValue(plan) {
        do {
          try await function()
          for simulation in plan.simulations { try simulation.finish() }
        } catch {
          Issue.record(error)
        }
      }
    }
  }

  private func report(_ plan: Plan, _ what: String) -> String {
    let name = test.name.prefix { $0 != "(" }
    return """
      \(what) fails. Again: JOIST_SEED=\(plan.seed) swift test --filter '\(name)'
      or JOIST_SCHEDULE='\(plan.schedule)' with it, for the shortest run that fails, which is:
      \(plan.timeline)
      """
  }
}

/// What a person asks to have again, by the environment.
enum Rerun {
  static var seed: UInt64? { ProcessInfo.processInfo.environment["JOIST_SEED"].flatMap { UInt64($0) } }
  static var schedule: Schedule? { ProcessInfo.processInfo.environment["JOIST_SCHEDULE"].flatMap { Schedule($0) } }
}

extension Plan {
  /// For a seed's first run.
  static func first(_ seed: UInt64, _ strategy: Strategy, _ faults: FaultInjection) -> Plan {
    Plan(seed: seed, strategy: strategy, faults: faults, keepsSimulations: true)
  }

  /// For having a run again.
  static func again(_ schedule: Schedule, _ seed: UInt64, _ faults: FaultInjection) -> Plan {
    Plan(seed: seed, strategy: .replay(schedule), faults: faults, recordsTimeline: true, keepsSimulations: true)
  }

  /// Of the first simulation: a test has one, usually.
  var schedule: Schedule { simulations.first?.schedule ?? Schedule() }
  var timeline: String { simulations.first?.timeline ?? "" }
}

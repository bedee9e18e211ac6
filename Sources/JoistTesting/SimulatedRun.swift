// SPDX-License-Identifier: Apache-2.0
//
// The runs of one test with the trait `.simulated`, and the report of a failing run.

import Foundation
import JoistSimulation
import Synchronization
import Testing

/// The simulated runs of one case of a test.
struct SimulatedRun {
  let trait: SimulatedTrait
  let test: Test
  let testCase: Test.Case?

  /// Runs a test without reporting its issues, and returns the first issue; nil if there is none.
  func fails(_ plan: Plan, _ function: @concurrent @Sendable () async throws -> Void) async throws -> String? {
    let issues = Mutex<[String]>([])
    try await perform(plan, function) { issue in
      issues.withLock { $0.append("\(issue)") }
      return nil
    }
    return issues.withLock { $0.first }
  }

  /// Runs a test and reports its issues, with the schedule and timeline of the run at the first.
  func show(_ plan: Plan, _ what: String, _ function: @concurrent @Sendable () async throws -> Void) async throws {
    let isReported = Atomic<Bool>(false)
    try await perform(plan, function) { issue in
      guard !isReported.exchange(true, ordering: .relaxed) else { return issue }
      var issue = issue
      issue.comments.append(Comment(rawValue: report(plan, what)))
      return issue
    }
    if !isReported.load(ordering: .relaxed) {
      Issue.record("\(what) failed, but not when repeated: something in the test is not simulated")
    }
  }

  /// Shrinks the failing run of a seed, and reports the shortest failing run.
  func showShortest(_ seed: UInt64, _ function: @concurrent @Sendable () async throws -> Void) async throws {
    let first = Plan.first(seed, trait.strategy, trait.faults)
    _ = try await fails(first, function)
    var shrinking = Shrinking(first.schedule)
    while let candidate = shrinking.next {
      let fails = try await fails(Plan.replay(candidate, seed, trait.faults), function) != nil
      shrinking.note(fails)
    }
    try await show(Plan.replay(shrinking.best, seed, trait.faults), "seed \(seed)", function)
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
      \(what) fails. To repeat it: JOIST_SEED=\(plan.seed) swift test --filter '\(name)'
      To repeat the shortest failing run, add JOIST_SCHEDULE='\(plan.schedule)'. Its timeline:
      \(plan.timeline)
      """
  }
}

/// The run to repeat, as the environment variables `JOIST_SEED` and `JOIST_SCHEDULE` specify it.
enum Rerun {
  static var seed: UInt64? { ProcessInfo.processInfo.environment["JOIST_SEED"].flatMap { UInt64($0) } }
  static var schedule: Schedule? { ProcessInfo.processInfo.environment["JOIST_SCHEDULE"].flatMap { Schedule($0) } }
}

extension Plan {
  /// Returns the plan of a seed's first run.
  static func first(_ seed: UInt64, _ strategy: Strategy, _ faults: FaultInjection) -> Plan {
    Plan(seed: seed, strategy: strategy, faults: faults, keepsSimulations: true)
  }

  /// Returns the plan that replays a schedule and records the timeline.
  static func replay(_ schedule: Schedule, _ seed: UInt64, _ faults: FaultInjection) -> Plan {
    Plan(seed: seed, strategy: .replay(schedule), faults: faults, recordsTimeline: true, keepsSimulations: true)
  }

  /// The schedule of the first simulation; a test usually creates one.
  var schedule: Schedule { simulations.first?.schedule ?? Schedule() }
  /// The timeline of the first simulation.
  var timeline: String { simulations.first?.timeline ?? "" }
}

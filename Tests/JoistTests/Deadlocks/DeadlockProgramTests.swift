// SPDX-License-Identifier: Apache-2.0
//
// An oracle for the search of circles: random programs run until nothing happens any more. A circle that was reported
// as certain must be there then, and a circle that is there then must have been reported.

import Foundation
import Joist
import TestSupport
import Testing

/// A circle that a program was told of, and the waits of its processes at that moment, as the model has them.
private struct Reported {
  let circle: Deadlock
  let workers: [Int]
  let waits: [Int]

  var reasons: [WaitReason] { circle.waits.map(\.reason) }
}

/// What a run of a program has shown.
private struct Outcome {
  /// Why the reports were wrong; nil if they were right.
  var error: String?
  var certain = 0
  var stuck = 0
}

/// A run of a program on a hand-driven runtime.
private struct Trial {
  let program: DeadlockProgram
  let simulation: HandDriven
  let run: DeadlockProgramRun
  var numbers: SplitMix64
  /// The number of reports that were looked at, and of the last wait then.
  var reportCount = 0
  var lastWait = -1
  /// Whether a process has run since the last look.
  var hasRun = false
  var reported: [Reported] = []

  init(_ program: DeadlockProgram) throws {
    self.program = program
    simulation = try HandDriven(.init(schedulers: program.schedulers, slots: 16))
    run = DeadlockProgramRun(program, on: simulation.runtime)
    numbers = SplitMix64(seed: program.order)
  }

  /// Runs the program to its end.
  mutating func outcome() -> Outcome {
    // A look may wake a process that has to discard messages, and others may go on because of that.
    repeat {
      while let next = runUntilIdle() {
        simulation.platform.advance(by: max(1, next - simulation.platform.now()))
        look()
      }
      simulation.platform.advance(by: 200_000_000)
      look()
      hasRun = false
      _ = runUntilIdle()
    } while hasRun
    var outcome = Outcome(error: error())
    outcome.certain = reported.count { $0.circle.isCertain }
    outcome.stuck = reported.count - outcome.certain
    return outcome
  }

  /// Ends the program's processes and the runtime, which then serves the next program.
  mutating func finish() {
    for worker in run.workers { worker.exit(.killed) }
    run.end()
    // A process that was spawned to reply later sleeps until then; nobody steps the schedulers during the shutdown.
    while let next = runUntilIdle() { simulation.platform.advance(by: max(1, next - simulation.platform.now())) }
    #expect(simulation.runtime.shutdown().isEmpty)
  }

  /// Steps the schedulers until none has work, and returns the next deadline if there is one.
  private mutating func runUntilIdle() -> Int64? {
    var next: Int64?
    var idleCount = 0
    var scheduler = 0
    while idleCount < program.schedulers {
      if program.schedulers > 1 && idleCount == 0 { scheduler = Int(numbers.next() % 2) }
      switch simulation.runtime.step(scheduler) {
      case .ran:
        (next, idleCount, hasRun) = (nil, 0, true)
        noteReports()
      case .idle(let deadline):
        idleCount += 1
        scheduler = (scheduler + 1) % program.schedulers
        if let deadline { next = min(next ?? deadline, deadline) }
      case .stopped: return nil
      }
    }
    return next
  }

  private mutating func look() {
    simulation.runtime.lookForStuckCircles()
    lastWait = -1
    noteReports()
  }

  /// Notes the circles that were reported in the last step, in which no process of theirs can have gone on.
  private mutating func noteReports() {
    let state = run.model.now
    if state.lastWait == lastWait { return }
    lastWait = state.lastWait
    let reports = simulation.runtime.recentReports
    for report in reports.dropFirst(reportCount) {
      switch report.event {
      case .deadlock(let circle), .stuckForNow(let circle):
        let workers = circle.waits.map { index(of: $0.process) }
        let waits = workers.map { $0 < 0 ? 0 : state.workers[$0].wait?.number ?? 0 }
        reported.append(Reported(circle: circle, workers: workers, waits: waits))
      default: break
      }
    }
    reportCount = reports.count
  }

  private func index(of process: ProcessID) -> Int { run.workers.firstIndex { $0.id == process } ?? -1 }

  /// Compares the reports with the waits that are left at the end.
  private func error() -> String? {
    let state = run.model.now
    let sights = simulation.runtime.sights
    let reasons = run.workers.map { worker in sights.first { $0.id == worker.id }?.waits }
    for reported in reported where reported.circle.isCertain {
      for (place, worker) in reported.workers.enumerated() {
        let wait = reported.circle.waits[place]
        guard worker >= 0, reported.waits[place] != 0,
          state.workers[worker].wait?.number == reported.waits[place], reasons[worker] == wait.reason,
          state.awaited(by: worker) == index(of: wait.awaited)
        else { return "false alarm: \(reported.circle.words(run.workers)); process \(worker) went on" }
      }
    }
    for circle in state.circles {
      let found = reported.filter { reported in
        reported.workers.sorted() == circle.sorted()
          && reported.workers.indices.allSatisfy { place in
            let worker = reported.workers[place]
            return reported.waits[place] == state.workers[worker].wait?.number
              && reported.reasons[place] == reasons[worker]
          }
      }
      let words = circle.map { "\($0) \(reasons[$0].map { "\($0)" } ?? "runs")" }.joined(separator: ", ")
      if found.isEmpty { return "not reported: \(words)" }
      let mustBeCertain = state.isCertain(circle) { program.workers[$0].mailbox }
      if mustBeCertain && !found.contains(where: \.circle.isCertain) { return "reported as stuck for now: \(words)" }
    }
    return nil
  }
}

@Suite struct DeadlockProgramTests {
  /// The number of programs: `JOIST_PROGRAMS`, or as many as take some seconds.
  private static let count =
    ProcessInfo.processInfo.environment["JOIST_PROGRAMS"].flatMap { UInt64($0) } ?? UInt64(many(1_000))

  @Test func `O3: in random programs a circle is reported as certain exactly if it never ends`() throws {
    var (certain, stuck) = (0, 0)
    for seed in 0..<Self.count {
      let program = DeadlockProgram(seed: seed)
      let outcome = try outcome(of: program)
      certain += outcome.certain
      stuck += outcome.stuck
      guard let error = outcome.error else { continue }
      let (smallest, reason) = try smallest(program, error)
      Issue.record("seed \(seed): \(error); smallest: \(reason) in \(smallest)")
      return
    }
    print("\(Self.count) programs: \(certain) certain circles, \(stuck) that were stuck for now")
    #expect(certain > Self.count / 20 && stuck > Self.count / 100)
  }

  private func outcome(of program: DeadlockProgram) throws -> Outcome {
    var trial = try Trial(program)
    defer { trial.finish() }
    return trial.outcome()
  }

  /// Takes steps out of a program that fails, as long as it still does.
  private func smallest(_ program: DeadlockProgram, _ error: String) throws -> (DeadlockProgram, String) {
    for smaller in program.smaller {
      if let error = try outcome(of: smaller).error { return try smallest(smaller, error) }
    }
    return (program, error)
  }
}

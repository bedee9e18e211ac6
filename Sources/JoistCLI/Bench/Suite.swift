// SPDX-License-Identifier: Apache-2.0
//
// The whole suite. Each run is a child process of this same program, so memory that one run keeps does not affect the
// next, and processes that compute forever end with their run.

import ArgumentParser
import Foundation
import Joist

/// All scenarios, run one after the other.
struct Suite {
  let threads: Int?
  let file: String?

  func run() throws {
    if let file { try Report.check(file) }
    let all = try threads ?? usualSchedulers()
    let plan = Scenario.all.flatMap { scenario in
      scenario.runs.map { Planned(scenario: scenario, threads: $0.isOnOne ? 1 : all, arguments: $0.arguments) }
    }
    let once = plan.indices.filter { !plan[..<$0].contains(plan[$0]) }.map { plan[$0] }
    let progress = Progress()
    let table = Table(once)
    print("\(Machine().line). \(Built.line).")
    if Built.isForDebugging {
      print("This is a debug build, whose figures mean little. Use swift run -c release joist bench.")
    }
    print(table.head)
    var entries: [Report.Entry] = []
    for (number, planned) in once.enumerated() {
      let schedulers = "\(planned.threads) scheduler\(planned.threads == 1 ? "" : "s")"
      progress.show("\(number + 1) of \(once.count): \(planned.title) on \(schedulers)")
      let entry = planned.measure()
      progress.clear()
      for row in table.rows(planned, entry) { print(row) }
      entries.append(entry)
    }
    if let file { try Report(results: entries).write(to: file) }
    if entries.contains(where: { $0.problem != nil }) { throw ExitCode(1) }
  }

  /// Returns the number of schedulers of a runtime with the default configuration: one per core.
  private func usualSchedulers() throws -> Int {
    let runtime = try ProcessRuntime()
    defer { runtime.shutdown() }
    return runtime.schedulerCount
  }
}

/// A run of a scenario with its number of schedulers and its arguments.
struct Planned: Equatable {
  let scenario: Scenario
  let threads: Int
  let arguments: [Int]

  var title: String { ([scenario.name] + arguments.map(String.init)).joined(separator: " ") }

  static func == (a: Self, b: Self) -> Bool { a.title == b.title && a.threads == b.threads }

  /// Runs the scenario in a child process and returns what it measured or what went wrong.
  func measure() -> Report.Entry {
    var entry = Report.Entry(scenario: scenario.name, threads: threads, arguments: arguments)
    do {
      let words = ["bench", "--threads", "\(threads)", "--buckets", scenario.name] + arguments.map(String.init)
      let child = try Child(words)
      let line = try BenchLine(scenario, reading: try child.output(limit: .seconds(90)))
      entry.figures = line.figures
      entry.buckets = line.buckets.isEmpty ? nil : line.buckets
    } catch {
      entry.problem = "\(error)"
    }
    return entry
  }
}

/// A child process that runs this program with other arguments.
private struct Child {
  private let process = Process()
  private let pipe = Pipe()

  init(_ arguments: [String]) throws {
    guard let path = Bundle.main.executablePath else { throw BenchProblem("the path of this program is not known") }
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = pipe
  }

  /// Runs the child and returns what it wrote to standard output.
  ///
  /// Kills it after `limit`. Throws if it ends by a signal or with a status other than zero.
  func output(limit: Duration) throws -> Data {
    try process.run()
    let id = process.processIdentifier
    let timer = DispatchSource.makeTimerSource()
    timer.schedule(deadline: .now() + limit / .seconds(1))
    timer.setEventHandler { kill(id, SIGKILL) }
    timer.activate()
    let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
    timer.cancel()
    process.waitUntilExit()
    if process.terminationReason == .uncaughtSignal {
      throw BenchProblem("the run ended by signal \(process.terminationStatus)")
    }
    guard process.terminationStatus == 0 else {
      throw BenchProblem("the run ended with status \(process.terminationStatus)")
    }
    return output
  }
}

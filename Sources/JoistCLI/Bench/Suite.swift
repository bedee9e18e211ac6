// SPDX-License-Identifier: Apache-2.0
//
// The whole suite. Each run is a program of its own, this one again: so memory that one leaves does not show in the
// next, and processes that compute for ever end with it.

import ArgumentParser
import Foundation
import Joist

/// All scenarios, one after the other.
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
    if Built.isForDebugging { print("Built for debugging: these figures mean little. Use swift run -c release.") }
    print(table.head)
    var entries: [Report.Entry] = []
    for (number, planned) in once.enumerated() {
      progress.show("\(number + 1) of \(once.count): \(planned.title) on \(planned.threads)")
      let entry = planned.measure()
      progress.clear()
      for row in table.rows(planned, entry) { print(row) }
      entries.append(entry)
    }
    if let file { try Report(results: entries).write(to: file) }
    if entries.contains(where: { $0.problem != nil }) { throw ExitCode(1) }
  }

  /// One a core, as a runtime counts them.
  private func usualSchedulers() throws -> Int {
    let runtime = try ProcessRuntime()
    defer { runtime.shutdown() }
    return runtime.schedulerCount
  }
}

/// A run that is to be made.
struct Planned: Equatable {
  let scenario: Scenario
  let threads: Int
  let arguments: [Int]

  var title: String { ([scenario.name] + arguments.map(String.init)).joined(separator: " ") }

  static func == (a: Self, b: Self) -> Bool { a.title == b.title && a.threads == b.threads }

  /// Runs it and gives back what it measured or what went wrong.
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

/// This program once more, with other arguments.
private struct Child {
  private let process = Process()
  private let pipe = Pipe()

  init(_ arguments: [String]) throws {
    guard let path = Bundle.main.executablePath else { throw BenchProblem("where this program lies is not known") }
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = pipe
  }

  /// Runs it; what it wrote.
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
      throw BenchProblem("ended by signal \(process.terminationStatus)")
    }
    guard process.terminationStatus == 0 else { throw BenchProblem("ended with status \(process.terminationStatus)") }
    return output
  }
}

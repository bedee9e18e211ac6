// SPDX-License-Identifier: Apache-2.0
//
// `joist bench`: one scenario, as a line of JSON, or all of them, as a table.

import ArgumentParser
import Joist

/// Measures what Joist does.
struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measures Joist: all scenarios as a table, or one as a line of JSON.",
    discussion: Scenario.help
  )

  @Option(help: "Scheduler threads: 1…192; one a core if not given.")
  var threads: Int?

  @Option(name: .customLong("json"), help: "Write everything that was measured to this file; for all scenarios.")
  var file: String?

  @Flag(help: "Add the buckets of a distribution to the line, [from ns, to ns, count]; for one scenario.")
  var buckets = false

  @Argument(help: "What to measure, of those above.")
  var scenario: String?

  @Argument(help: "The scenario's numbers.")
  var numbers: [Int] = []

  func validate() throws {
    do {
      try ProcessRuntime.Configuration(schedulers: threads).validate()
    } catch {
      let (least, most) = (error.range.lowerBound, error.range.upperBound)
      throw ValidationError("--threads is \(error.value), and must be from \(least) to \(most)")
    }
    guard let scenario else {
      if buckets { throw ValidationError("--buckets needs a scenario; --json has the buckets of all") }
      return
    }
    if file != nil { throw ValidationError("--json is for all scenarios; a single one prints its line") }
    try Scenario.named(scenario).check(numbers)
  }

  func run() throws {
    guard let scenario else { return try Suite(threads: threads, file: file).run() }
    try measure(.named(scenario))
  }

  private func measure(_ scenario: Scenario) throws {
    let outcome = try scenario.measure(Trial(threads: threads, arguments: numbers))
    print(BenchLine(scenario, outcome, withBuckets: buckets).text)
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// The command `joist bench`, which runs one scenario and prints a line of JSON, or runs all and prints a table.

import ArgumentParser
import Joist

/// The command `joist bench`.
struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Runs all benchmarks and prints a table, or runs one and prints a line of JSON.",
    discussion: Scenario.help
  )

  @Option(help: "Number of scheduler threads, 1…192. Default: one per core.")
  var threads: Int?

  @Option(
    name: .customLong("json"),
    help: "Also write all results to this file as JSON. Not with a single scenario."
  )
  var file: String?

  @Flag(
    help: "Add the buckets of the scenario's distribution, if it has one, as [from ns, to ns, count]."
  )
  var buckets = false

  @Flag(
    inversion: .prefixedNo,
    help: "Run with the flight recorder, which is on by default; the difference is its cost. Only with a scenario."
  )
  var recorder = true

  @Argument(help: "The name of a scenario above. Default: all of them.")
  var scenario: String?

  @Argument(help: "The scenario's parameters, in the order shown above.")
  var numbers: [Int] = []

  func validate() throws {
    do {
      try ProcessRuntime.Configuration(schedulers: threads).validate()
    } catch {
      let (minimum, maximum) = (error.range.lowerBound, error.range.upperBound)
      throw ValidationError("--threads is \(error.value), and must be from \(minimum) to \(maximum)")
    }
    guard let scenario else {
      if !recorder { throw ValidationError("--no-recorder needs a scenario") }
      if buckets { throw ValidationError("--buckets needs a scenario; --json writes the buckets of all scenarios") }
      return
    }
    if file != nil { throw ValidationError("--json cannot be used with a single scenario, which prints JSON itself") }
    try Scenario.named(scenario).check(numbers)
  }

  func run() throws {
    guard let scenario else { return try Suite(threads: threads, file: file).run() }
    try measure(.named(scenario))
  }

  private func measure(_ scenario: Scenario) throws {
    let outcome = try scenario.measure(Trial(threads: threads, hasRecorder: recorder, arguments: numbers))
    print(BenchLine(scenario, outcome, withBuckets: buckets).text)
  }
}

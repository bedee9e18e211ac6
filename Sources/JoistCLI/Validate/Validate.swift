// SPDX-License-Identifier: Apache-2.0
//
// The command `joist validate`, which checks the rules of scheduling with a real runtime on this machine.

import ArgumentParser
import Foundation
import Joist

/// The command `joist validate`.
struct Validate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Checks that the rules of scheduling hold on this machine.",
    discussion: "Prints a line for each rule: whether it holds, the measured figure with its unit, and the bound that "
      + "the figure must satisfy. Exits with status 1 if a rule does not hold."
  )

  @Option(help: "Run only this check. May be repeated; --list shows the names.")
  var only: [String] = []

  @Flag(help: "List the checks and run none.")
  var list = false

  @Flag(help: "Print the results and a description of the machine as one JSON object.")
  var json = false

  @Option(help: "Number of messages that race with parking receivers in the check 'wakeups', 1000…1000000000.")
  var races = 10_000_000

  @Flag(help: "Do a tenth of the work, except for --races; for slow machines.")
  var quick = false

  func validate() throws {
    guard (1_000...1_000_000_000).contains(races) else {
      throw ValidationError("--races is \(races), and must be from 1000 to 1000000000")
    }
    for name in only where !Check.all.contains(where: { $0.name == name }) {
      let names = Check.all.map(\.name).joined(separator: ", ")
      throw ValidationError("there is no check '\(name)'; the checks are \(names)")
    }
  }

  func run() throws {
    let width = Check.all.map(\.name.count).max() ?? 0
    if list {
      for check in Check.all { print("\(check.name.padded(to: width))  \(check.rule)") }
      return
    }
    let chosen = Check.all.filter { only.isEmpty || only.contains($0.name) }
    let conditions = Conditions(races: races, isQuick: quick)
    let verdicts = chosen.enumerated().map { number, check in
      conditions.title = "\(number + 1) of \(chosen.count): \(check.rule)"
      let verdict = check.judge(conditions)
      conditions.progress.clear()
      if !json { print(verdict.line(nameWidth: width, ruleWidth: chosen.map(\.rule.count).max() ?? 0)) }
      return verdict
    }
    print(json ? try Validation(conditions, verdicts).text : Verdict.summary(verdicts))
    if Verdict.status(verdicts) != 0 { throw ExitCode(Verdict.status(verdicts)) }
  }
}

/// The output of `--json`.
private struct Validation: Encodable {
  let machine = Machine()
  let swift = Built.swift
  let isForDebugging = Built.isForDebugging
  let date = Date().formatted(.iso8601)
  let schedulers: Int
  let checks: [Verdict]

  init(_ conditions: Conditions, _ checks: [Verdict]) {
    schedulers = conditions.schedulers
    self.checks = checks
  }

  var text: String {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// `joist validate`: checks the rules of scheduling on the real runtime of this machine, and says which hold.

import ArgumentParser
import Foundation
import Joist

/// Checks the rules on this machine.
struct Validate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Checks the rules of scheduling on this machine, and says which hold.",
    discussion: "A line for each rule: whether it holds, and the figure that was measured, with its bound. "
      + "Status 1 if one does not hold."
  )

  @Option(help: "Only this check, of those that --list names; may be repeated.")
  var only: [String] = []

  @Flag(help: "Name the checks, and run none.")
  var list = false

  @Flag(help: "Print one object of JSON: the checks, and what machine this is.")
  var json = false

  @Option(help: "Messages that race with receivers which park: 1000…1000000000.")
  var races = 10_000_000

  @Flag(help: "Do a tenth of the work that can be more or less, races apart: for slow machines.")
  var quick = false

  func validate() throws {
    guard (1_000...1_000_000_000).contains(races) else {
      throw ValidationError("--races is \(races), and must be from 1000 to 1000000000")
    }
    for name in only where !Check.all.contains(where: { $0.name == name }) {
      let names = Check.all.map(\.name).joined(separator: ", ")
      throw ValidationError("there is no check '\(name)'; there are \(names)")
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

/// What `--json` prints.
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

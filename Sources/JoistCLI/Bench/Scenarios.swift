// SPDX-License-Identifier: Apache-2.0
//
// The list of scenarios. To add one, define it in the file of its family and add its name here.

import ArgumentParser

extension Scenario {
  /// All scenarios in the order in which the suite runs them.
  static let all: [Scenario] = [
    .spawn,
    .spawnSeq,
    .links,
    .pingpong,
    .ring,
    .memory,
    .memoryBack,
    .yield,
    .yieldFcontext,
    .fanin,
    .skynet,
    .response,
    .responsePlain,
    .timersCancel,
    .timersFire,
    .selective,
    .selectiveScan,
    .traps,
    .trapsBeside,
    .compute,
    .steal,
    .sharing,
    .simulated,
    .trees,
    .treesClasses,
    .collect,
    .listing,
    .traceWriting,
  ]

  /// Returns the scenario of that name; throws a `ValidationError` if there is none.
  static func named(_ name: String) throws -> Scenario {
    guard let found = all.first(where: { $0.name == name }) else {
      let names = all.map(\.name).joined(separator: ", ")
      throw ValidationError("there is no scenario '\(name)'; the scenarios are \(names)")
    }
    return found
  }

  /// The text for `--help`: two lines for each scenario, since one would be wrapped.
  static var help: String {
    let lines = all.map { "  \($0.usage)\n      \($0.about)" }
    return "Without arguments, runs all scenarios with typical parameters, each in a separate process, and prints a "
      + "table. With a scenario and its parameters, runs that one and prints one line of JSON.\n\n"
      + "The scenarios, their parameters, and the unit and meaning of what they measure:\n\n"
      + lines.joined(separator: "\n")
  }
}

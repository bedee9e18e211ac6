// SPDX-License-Identifier: Apache-2.0
//
// The list of scenarios. To add one, define it in a file of its family and put its name here.

import ArgumentParser

extension Scenario {
  /// In the order in which the suite runs them.
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
  ]

  /// The one of that name; throws a line for the user if there is none.
  static func named(_ name: String) throws -> Scenario {
    guard let found = all.first(where: { $0.name == name }) else {
      let names = all.map(\.name).joined(separator: ", ")
      throw ValidationError("there is no scenario '\(name)'; there are \(names)")
    }
    return found
  }

  /// For `--help`.
  static var help: String {
    let width = all.map(\.usage.count).max() ?? 0
    let lines = all.map { "  \($0.usage.padded(to: width))  \($0.about)" }
    return "Alone it measures all of these, each in a program of its own; with a scenario only that one, and prints "
      + "one line of JSON. Scenarios and their numbers:\n\n" + lines.joined(separator: "\n")
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// The command `joist tree`, which prints the supervision tree.

import ArgumentParser
import JoistObservation

/// The command `joist tree`.
struct TreeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tree",
    abstract: "Prints the supervision tree of a program."
  )

  @OptionGroup var target: TargetOptions

  @Flag(help: "Print one JSON array.")
  var json = false

  func run() throws {
    let roots = try target.connect().supervisionTree()
    if json { return try StandardOutput.writeJSON(roots) }
    let rows = TreeRow.rows(of: roots)
    if rows.isEmpty { return StandardOutput.hint("the program has no supervisors") }
    try StandardOutput.write(rows.map(\.line))
    if rows.count == TreeRow.maxRows { StandardOutput.hint("the tree is cut after \(rows.count) rows; --json has all") }
  }
}

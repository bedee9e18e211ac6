// SPDX-License-Identifier: Apache-2.0
//
// The command `joist waits`, which prints circles of waits and the longest waits.

import ArgumentParser
import JoistObservation

/// The command `joist waits`.
struct WaitsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "waits",
    abstract: "Prints circles of processes that wait for each other, and the longest waits.",
    discussion: "A circle is called a deadlock only if no process of it can continue. Hints name processes that "
      + "may wait forever; they may be wrong."
  )

  @OptionGroup var target: TargetOptions

  @Flag(help: "Print one JSON object, with the stack of each process.")
  var json = false

  @Option(help: "Number of waits, 1…100000.")
  var limit = 20

  func validate() throws { try InspectChecks.limit(limit) }

  func run() throws {
    let list = try target.connect().waits(limit: limit)
    if json { return try StandardOutput.writeJSON(list) }
    try StandardOutput.write(WaitRow.rows(of: list).map(\.line))
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// The command `joist dump`, which prints a whole program as text or JSON lines.

import ArgumentParser
import JoistObservation

/// The command `joist dump`.
struct DumpCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dump",
    abstract: "Prints everything about a program: its schedulers, processes, stacks and waits.",
    discussion: "The contents of messages are never in it."
  )

  @OptionGroup var target: TargetOptions

  @Flag(help: "Print JSON lines, an object each.")
  var json = false

  @Option(help: "Largest number of bytes, 1024…268435456; a longer dump is cut.")
  var limitBytes = 16 << 20

  func validate() throws {
    guard (1_024...ControlLimits.answerBytes).contains(limitBytes) else {
      throw ValidationError("--limit-bytes is \(limitBytes), and must be from 1024 to \(ControlLimits.answerBytes)")
    }
  }

  func run() throws {
    try StandardOutput.writeText(try target.connect().dump(asJSON: json, limitBytes: limitBytes))
  }
}

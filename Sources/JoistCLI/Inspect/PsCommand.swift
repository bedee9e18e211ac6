// SPDX-License-Identifier: Apache-2.0
//
// The command `joist ps`, which lists the programs that can be looked into.

import ArgumentParser
import JoistObservation

/// The command `joist ps`.
struct PsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ps",
    abstract: "Lists the programs with a control socket.",
    discussion: "A program that does not answer has only a number and a name."
  )

  @Flag(help: "Print one JSON array.")
  var json = false

  @OptionGroup var folder: DirectoryOptions

  func run() throws {
    let programs = ControlClient.programs(directory: folder.directory)
    if json { return try StandardOutput.writeJSON(programs) }
    guard !programs.isEmpty else { return StandardOutput.hint(TargetOptions.nothingThere) }
    var table = TextTable([
      .init("PID", onTheRight: true), .init("NAME"), .init("UPTIME", onTheRight: true),
      .init("SCHEDULERS", onTheRight: true), .init("CONTROL"), .init("JOIST"),
    ])
    for program in programs {
      guard let description = program.description else {
        let unknown = FigureText.unknown
        table.add(["\(program.pid)", program.name, unknown, unknown, "no answer", unknown])
        continue
      }
      table.add([
        "\(program.pid)", program.name, FigureText.age(description.uptimeNanoseconds), "\(description.schedulers)",
        description.allowsControl ? "allowed" : "off", description.joistVersion,
      ])
    }
    try StandardOutput.write(table.lines)
  }
}

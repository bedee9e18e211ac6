// SPDX-License-Identifier: Apache-2.0
//
// The arguments that name the program to look into, which all commands of this folder share.

import ArgumentParser
import JoistObservation

/// The folder in which programs are looked for.
struct DirectoryOptions: ParsableArguments {
  @Option(help: "Folder of the control sockets, if the programs do not use the usual one.")
  var directory: String?
}

/// The program to look into.
struct TargetOptions: ParsableArguments {
  /// The number of programs that an error names.
  private static let maxNamed = 8

  @Argument(
    help: ArgumentHelp(
      "Number or name of the program, or the path of its control socket.",
      discussion: "May be left out if exactly one program is there; 'joist ps' lists them."
    )
  )
  var target: String?

  @OptionGroup var folder: DirectoryOptions

  /// Returns a connection to the program; throws one line that says what to do if it cannot be chosen or reached.
  func connect() throws -> ControlClient {
    if let target { return try ControlClient.connect(to: target, directory: folder.directory) }
    let programs = ControlClient.programs(directory: folder.directory)
    guard programs.count < 2 else {
      let names = programs.prefix(Self.maxNamed).map { TerminalText.printable("\($0.name) (\($0.pid))") }
      let more = programs.count > names.count ? " and \(programs.count - names.count) more" : ""
      throw InspectionError("several programs are there, so name one: \(names.joined(separator: ", "))\(more)")
    }
    guard let program = programs.first else { throw InspectionError(Self.nothingThere) }
    return try ControlClient.connect(to: program.path, directory: folder.directory)
  }

  /// What to do if there is no program.
  static let nothingThere = "no program with a control socket was found; a program opens one with ControlServer"
}

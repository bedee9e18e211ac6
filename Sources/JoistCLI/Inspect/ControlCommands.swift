// SPDX-License-Identifier: Apache-2.0
//
// The commands `joist kill`, `joist suspend` and `joist resume`, which act on one process of a program that allows it.

import ArgumentParser
import JoistObservation

/// The process on which a command acts.
struct ProcessOptions: ParsableArguments {
  @Argument(help: "Number or name of the program, or the path of its control socket.")
  var target: String

  @Argument(help: "Identity such as '#12.3', or name of the process.")
  var process: String

  @OptionGroup var folder: DirectoryOptions

  /// Asks the program to act on the process.
  func perform(_ action: ControlAction) throws {
    try ControlClient.connect(to: target, directory: folder.directory).control(action, process)
  }
}

/// The command `joist kill`.
struct KillCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kill",
    abstract: "Ends a process of a program that allows control."
  )

  @OptionGroup var options: ProcessOptions

  func run() throws { try options.perform(.kill) }
}

/// The command `joist suspend`.
struct SuspendCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "suspend",
    abstract: "Suspends a process of a program that allows control."
  )

  @OptionGroup var options: ProcessOptions

  func run() throws { try options.perform(.suspend) }
}

/// The command `joist resume`.
struct ResumeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume",
    abstract: "Resumes a suspended process of a program that allows control."
  )

  @OptionGroup var options: ProcessOptions

  func run() throws { try options.perform(.resume) }
}

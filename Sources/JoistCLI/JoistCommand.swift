// SPDX-License-Identifier: Apache-2.0
//
// The command `joist` and its subcommands: the tour (the default), the soak test, the simulation, the validation, the
// benchmarks, the doctor, and the commands that look into a running program.

import ArgumentParser
import Foundation
import Joist

/// The root command; without a subcommand it runs the tour.
struct JoistCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "joist",
    abstract: "BEAM-style processes for native Swift.",
    version: Built.line,
    subcommands: [Tour.self, Soak.self, Simulate.self, Validate.self, Bench.self, Doctor.self],
    groupedSubcommands: [
      CommandGroup(
        name: "Commands that look into a running program",
        subcommands: [
          PsCommand.self, TopCommand.self, TreeCommand.self, StacksCommand.self, TraceCommand.self, ProfileCommand.self,
          DumpCommand.self, WaitsCommand.self, KillCommand.self, SuspendCommand.self, ResumeCommand.self,
        ]
      )
    ],
    defaultSubcommand: Tour.self
  )
}

@main
enum Entry {
  static func main() {
    do {
      var command = try JoistCommand.parseAsRoot()
      try command.run()
    } catch {
      let code = JoistCommand.exitCode(for: error)
      if code.rawValue == 0 { JoistCommand.exit(withError: error) }
      // The command has already printed which check failed.
      if error is ExitCode { Foundation.exit(code.rawValue) }
      let line = JoistCommand.message(for: error).split(separator: "\n").first ?? "something went wrong"
      if !line.isEmpty { FileHandle.standardError.write(Data("joist: \(line)\n".utf8)) }
      Foundation.exit(code.rawValue)
    }
  }
}

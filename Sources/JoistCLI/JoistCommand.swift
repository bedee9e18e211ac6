// SPDX-License-Identifier: Apache-2.0
//
// The command `joist`: the tour, which is what it does alone, the soak, the benchmarks, and the validation.

import ArgumentParser
import Foundation
import Joist

/// The root: without a word it gives the tour.
struct JoistCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "joist",
    abstract: "Processes in the manner of the BEAM, for native Swift.",
    version: Built.line,
    subcommands: [Tour.self, Soak.self, Simulate.self, Validate.self, Bench.self],
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
      // What did not hold has been said already.
      if error is ExitCode { Foundation.exit(code.rawValue) }
      let line = JoistCommand.message(for: error).split(separator: "\n").first ?? "something went wrong"
      if !line.isEmpty { FileHandle.standardError.write(Data("joist: \(line)\n".utf8)) }
      Foundation.exit(code.rawValue)
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// The command `joist profile`, which samples which functions run.

import ArgumentParser
import Foundation
import JoistObservation

/// The command `joist profile`.
struct ProfileCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "profile",
    abstract: "Samples which functions run, and prints folded stacks or writes a file.",
    discussion: "The path - stands for the standard output."
  )

  @OptionGroup var target: TargetOptions

  @Option(help: "Seconds to sample, at most 600.")
  var seconds = 5.0

  @Flag(help: "Print folded stacks, a line each, for flame graph tools; the default.")
  var folded = false

  @Option(help: ArgumentHelp("Write a flame graph as SVG.", valueName: "file"))
  var svg: String?

  @Option(help: ArgumentHelp("Write a profile for pprof.", valueName: "file"))
  var pprof: String?

  func validate() throws {
    try InspectChecks.seconds(seconds, allowsZero: false)
    try InspectChecks.oneFormat([("--folded", folded), ("--svg", svg != nil), ("--pprof", pprof != nil)])
  }

  func run() throws {
    let client = try target.connect()
    let program = try client.program()
    let start = Int64(Date().timeIntervalSince1970 * 1e9)
    let stacks = try client.profile(seconds: seconds)
    if stacks.isEmpty { return StandardOutput.hint("no process ran in \(seconds) s: there is nothing to write") }
    let profile = StackProfile(
      stacks: stacks,
      programName: program.name,
      durationNanoseconds: Int64(seconds * 1e9),
      periodNanoseconds: StackProfile.samplingPeriod,
      startNanoseconds: start
    )
    try ProfileOutput(folded: folded, svg: svg, pprof: pprof).write(profile, title: "CPU of \(program.name)")
  }
}

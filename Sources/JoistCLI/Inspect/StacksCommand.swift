// SPDX-License-Identifier: Apache-2.0
//
// The command `joist stacks`, which prints where the processes of a program are, grouped by their stacks.

import ArgumentParser
import Foundation
import JoistObservation

/// The command `joist stacks`.
struct StacksCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stacks",
    abstract: "Prints the stacks of all processes, those that are the same once.",
    discussion: "The largest group comes first. The path - stands for the standard output."
  )

  /// The groups that a person reads, and those that a file holds.
  private static let (textLimit, fileLimit) = (50, 10_000)

  @OptionGroup var target: TargetOptions

  @Flag(help: "Print folded stacks, a line each, for flame graph tools.")
  var folded = false

  @Option(help: ArgumentHelp("Write a flame graph as SVG.", valueName: "file"))
  var svg: String?

  @Option(help: ArgumentHelp("Write a profile for pprof.", valueName: "file"))
  var pprof: String?

  @Flag(help: "Print one JSON array.")
  var json = false

  @Option(help: "Number of groups, 1…100000; by default 50, and 10000 for files.")
  var limit: Int?

  func validate() throws {
    if let limit { try InspectChecks.limit(limit) }
    try InspectChecks.oneFormat([
      ("--folded", folded), ("--svg", svg != nil), ("--pprof", pprof != nil), ("--json", json),
    ])
  }

  func run() throws {
    let client = try target.connect()
    let isFile = folded || svg != nil || pprof != nil
    let groups = try client.stacks(limit: limit ?? (isFile ? Self.fileLimit : Self.textLimit))
    if json { return try StandardOutput.writeJSON(groups) }
    guard isFile else { return try write(groups) }
    let program = try client.program()
    let now = Int64(Date().timeIntervalSince1970 * 1e9)
    let profile = StackProfile(groups: groups, programName: program.name, startNanoseconds: now)
    try ProfileOutput(folded: folded, svg: svg, pprof: pprof).write(profile, title: "processes of \(program.name)")
  }

  private func write(_ groups: [StackGroup]) throws {
    if groups.isEmpty { return StandardOutput.hint("the program has no processes") }
    try StandardOutput.write(Array(groups.map(\.lines).joined(separator: [ScreenLine()])))
    if groups.count == limit ?? Self.textLimit { StandardOutput.hint("there may be more groups; --limit shows more") }
  }
}

/// The formats of a profile, of which at most one is chosen; without a choice stacks are folded.
struct ProfileOutput {
  var folded: Bool
  var svg: String?
  var pprof: String?

  /// Writes the profile in the chosen format.
  func write(_ profile: StackProfile, title: String) throws {
    if let svg {
      try StandardOutput.save(to: svg) { try $0(Array(profile.flameGraph(title: TerminalText.printable(title)).utf8)) }
    } else if let pprof {
      try StandardOutput.save(to: pprof) { try $0(profile.pprof()) }
    } else {
      try StandardOutput.writeText(Array(profile.foldedStacks().utf8))
    }
  }
}

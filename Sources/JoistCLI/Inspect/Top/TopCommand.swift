// SPDX-License-Identifier: Apache-2.0
//
// The command `joist top`: the full screen on a terminal, and one frame or JSON lines for scripts.

import ArgumentParser
import Foundation
import JoistObservation

/// The command `joist top`.
struct TopCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "top",
    abstract: "Shows the schedulers and processes of a program, refreshed each second.",
    discussion: "The program spends at most 1 % of a core on the view: if its answers are dear, the interval grows. "
      + "If the output is not a terminal, one frame is printed, as with --once."
  )

  @OptionGroup var target: TargetOptions

  @Flag(help: "Print one frame as text, with rates over one interval.")
  var once = false

  @Flag(help: "Print one JSON object a line for each refresh, until the reader or the program ends.")
  var json = false

  @Option(help: "Seconds between two refreshes, 0.1…3600.")
  var interval = 1.0

  @Option(help: ArgumentHelp("Figure by which processes are sorted: \(figures).", valueName: "figure"))
  var sort = ProcessFigure.cpu.rawValue

  @Flag(help: "Sort by the whole figure, and not by its growth since the last refresh.")
  var total = false

  @Option(help: "Number of processes with --once and --json, 1…100000.")
  var limit = 20

  private static let figures = ProcessFigure.allCases.map(\.rawValue).joined(separator: ", ")

  func validate() throws {
    try InspectChecks.limit(limit)
    guard ProcessFigure(rawValue: sort) != nil else {
      throw ValidationError("--sort is \(sort), and must be one of \(Self.figures)")
    }
    guard (0.1...3_600).contains(interval) else {
      throw ValidationError("--interval is \(interval), and must be from 0.1 to 3600")
    }
    try InspectChecks.oneFormat([("--once", once), ("--json", json)])
  }

  func run() throws {
    let client = try target.connect()
    let figure = ProcessFigure(rawValue: sort) ?? .cpu
    let state = TopState(figure: figure, byGrowth: !total, interval: Int64(interval * 1e9))
    if json { return try TopStream(inspector: client, state: state, limit: limit).writeJSON() }
    if !once, Terminal.canShowFullScreen {
      var loop = try TopLoop(client, state: state)
      return try loop.run()
    }
    if !once { StandardOutput.hint("no terminal that can show a full screen: this is one frame, as with --once") }
    try TopStream(inspector: client, state: state, limit: limit).writeFrame()
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// The tour: six scenes, each of which runs and is measured, followed by a summary of the measurements.

import ArgumentParser
import Joist

/// The command `joist tour`, which shows what Joist does in about half a minute.
struct Tour: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Demonstrates Joist in six measured scenes, in about half a minute."
  )

  @Option(help: "Number of processes that wait at once in the first scene, 1000…10000000.")
  var processes = 1_000_000

  @Option(help: "Number of scheduler threads, 1…192. Default: one per core.")
  var schedulers: Int?

  func validate() throws {
    guard (1_000...10_000_000).contains(processes) else {
      throw ValidationError("--processes is \(processes), and must be from 1000 to 10000000")
    }
    try ProcessRuntime.Configuration(schedulers: schedulers).check()
  }

  func run() throws {
    let configuration = ProcessRuntime.Configuration(schedulers: schedulers)
    let scenes: [(title: String, play: (ProcessRuntime, Progress) throws -> [String])] = [
      ("\(processes) processes, each waiting in receive", { try crowd($0, $1, processes) }),
      ("A token passed around a ring of 10000 processes", { try ring($0, $1, 10_000) }),
      ("Four priorities for two seconds; the urgent processes sleep most of the time", fourPriorities),
      ("A loop on every scheduler that never yields, and a process that sleeps 1 ms at a time", loopAndSleeper),
      ("A thousand supervised workers; every hundredth job crashes its worker", crashes),
      ("A look inside: a trace, a flame graph, and two processes that wait for each other", seeingInside),
    ]
    var figures: [String] = []
    print("Joist: a tour in six scenes.")
    for (number, scene) in scenes.enumerated() {
      print("\n\(number + 1). \(scene.title)")
      let runtime = try ProcessRuntime(configuration)
      let progress = Progress()
      let lines = try scene.play(runtime, progress)
      progress.clear()
      runtime.shutdown()
      for line in lines { print("   \(line)") }
      figures.append(contentsOf: lines.prefix(1))
    }
    print("\nSummary of this run:")
    for figure in figures { print("  \(figure)") }
  }
}

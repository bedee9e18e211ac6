// SPDX-License-Identifier: Apache-2.0
//
// The tour: five scenes, each measured as it is shown, then the figures.

import ArgumentParser
import Joist

/// Shows in half a minute what Joist does.
struct Tour: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Shows in half a minute what Joist does, and measures it.")

  @Option(help: "Processes that live at once in the first scene: 1000…10000000.")
  var processes = 1_000_000

  @Option(help: "Scheduler threads: 1…192; one a core if not given.")
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
      ("\(processes) processes, each waiting in a receive", { try crowd($0, $1, processes) }),
      ("a token round a ring of 10000 processes", { try ring($0, $1, 10_000) }),
      ("four priorities at work for two seconds, the urgent ones with little to do", fourPriorities),
      ("a loop that never yields, and a sleeper beside it", loopAndSleeper),
      ("a thousand workers, of whom one crashes at every hundredth job", crashes),
    ]
    var figures: [String] = []
    print("Joist: a tour in five scenes.")
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
    print("\nMeasured just now:")
    for figure in figures { print("  \(figure)") }
  }
}

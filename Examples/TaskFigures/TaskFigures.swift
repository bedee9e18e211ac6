// SPDX-License-Identifier: Apache-2.0
//
// The program that Scripts/task-figures runs: `TaskFigures swift` on Swift's own pool, `TaskFigures joist` on a
// runtime; a third argument is the name of the only row to run. Prints a line for each row: its name, nanoseconds and
// processor nanoseconds for one operation, in the fastest round.

import Foundation
import Joist
import JoistConcurrency

/// Something that programs do with tasks, `count` times.
struct Row: Sendable {
  let name: String
  let count: Int
  let body: @Sendable (Int) async -> Void

  init(_ name: String, _ count: Int, _ body: @escaping @Sendable (Int) async -> Void) {
    self.name = name
    self.count = count
    self.body = body
  }

  /// Runs the row once to warm up and then three times; returns the nanoseconds of an operation in the fastest round.
  func measure() async -> (wall: Double, processor: Double) {
    await Task.detached { await body(count / 10 + 1) }.value
    var best = (wall: Double.infinity, processor: 0.0)
    for _ in 0..<3 {
      let used = processorSeconds()
      let time = await ContinuousClock().measure { await Task.detached { await body(count) }.value }
      let wall = time.nanoseconds / Double(count)
      if wall < best.wall { best = (wall, (processorSeconds() - used) * 1e9 / Double(count)) }
    }
    return best
  }
}

extension Duration {
  /// The duration in nanoseconds.
  fileprivate var nanoseconds: Double { Double(components.seconds) * 1e9 + Double(components.attoseconds) / 1e9 }
}

/// The processor time that the program has used.
private func processorSeconds() -> Double { Double(clock()) / Double(CLOCKS_PER_SEC) }

@main
struct TaskFigures {
  static func main() async throws {
    let arguments = CommandLine.arguments
    guard (2...3).contains(arguments.count), ["swift", "joist"].contains(arguments[1]) else {
      print("usage: TaskFigures swift|joist [ROW]")
      exit(64)
    }
    var rows = Row.ofTasks
    if arguments[1] == "joist" {
      let runtime = try ProcessRuntime()
      try runtime.takeOverTasks()
      rows += Row.ofGuards(runtime)
    }
    for row in rows where arguments.count < 3 || arguments[2] == row.name {
      let time = await row.measure()
      print(row.name, String(format: "%.0f %.0f", time.wall, time.processor))
    }
    guard arguments.count < 3 else { return }
    print("late-sleeper", String(format: "%.0f 0", await Fairness.lateness().nanoseconds))
    print("yields-beside-loops", await Fairness.yields(), 0)
  }
}

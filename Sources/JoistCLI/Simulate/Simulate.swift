// SPDX-License-Identifier: Apache-2.0
//
// Random programs on random schedules, for as long as is asked: for nights.

import ArgumentParser
import Foundation
import Joist
import JoistSimulation

/// Runs random programs on simulated threads until one sees what it must not.
struct Simulate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Runs random programs on simulated threads; whatever a model of Erlang's rules does not allow is shown."
  )

  @Option(help: "How long, in minutes.")
  var minutes = 1.0

  @Option(help: "The first seed; each program has the next.")
  var seed: UInt64 = 1

  @Option(help: "So many programs at most.")
  var programs: UInt64 = .max

  @Option(help: "Schedulers of each simulation: 1…8; 1, 2 and 3 by turns if not given.")
  var schedulers: Int?

  func validate() throws {
    try check(minutes: minutes)
    guard (1...8).contains(schedulers ?? 1) else {
      throw ValidationError("--schedulers is \(schedulers!), and must be from 1 to 8")
    }
    guard programs > 0 else { throw ValidationError("--programs is 0, and must be at least 1") }
  }

  func run() throws {
    let begin = ContinuousClock.now
    let end = begin + .seconds(minutes * 60)
    let progress = Progress()
    var (number, steps) = (UInt64(0), 0)
    while number < programs && ContinuousClock.now < end {
      let first = seed + number
      // As far as seeds are searched in the same way.
      let count = min(Simulate.turn - first % Simulate.turn, programs - number)
      let search = search(first / Simulate.turn)
      if let counterexample = search.find(
        seeds: first..<first + count,
        { simulation in
          try Simulate.program(simulation.seed).run(on: simulation)
          steps += simulation.steps
        }
      ) {
        progress.clear()
        let again = "joist simulate --seed \(counterexample.seed) --programs 1 --schedulers \(search.schedulers)"
        print("FAILS  \(counterexample)\nAgain: \(again)")
        throw ExitCode(1)
      }
      number += count
      progress.show("\(number) programs, \(steps) steps")
    }
    progress.clear()
    let seconds = (ContinuousClock.now - begin) / .seconds(1)
    let rates = "\(short(Double(steps) / seconds / 1e6)) million steps and \(Int(Double(number) / seconds)) a second"
    print("holds  \(number) programs, \(steps) steps: \(rates)")
  }

  /// So many seeds are searched in the same way.
  private static let turn: UInt64 = 100

  /// The program of a seed: four turns of mixed ones, then four of those that end each other where slices end.
  private static func program(_ seed: UInt64) -> RandomProgram {
    RandomProgram(seed: seed, kind: seed / turn / 4 % 2 == 0 ? .mixed : .slicesAndExits)
  }

  /// Kinds of searches by turns.
  private func search(_ turn: UInt64) -> Search {
    Search(
      strategy: turn % 4 == 3 ? .pct(depth: 3) : .random,
      faults: turn % 2 == 0 ? .harmless : [],
      schedulers: schedulers ?? Int(turn % 3) + 1
    )
  }
}

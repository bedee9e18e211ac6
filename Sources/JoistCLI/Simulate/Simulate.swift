// SPDX-License-Identifier: Apache-2.0
//
// Random programs on random schedules, for as long as the user asks; made to run overnight.

import ArgumentParser
import Foundation
import Joist
import JoistSimulation

/// The command `joist simulate`, which runs random programs on simulated threads until one of them misbehaves.
struct Simulate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Runs random programs on simulated threads and compares them with a model of Erlang's rules.",
    discussion: "Stops at the first program that does something the model does not allow, prints it with the command "
      + "that runs it again, and exits with status 1."
  )

  @Option(help: "Time limit in minutes.")
  var minutes = 1.0

  @Option(help: "Seed of the first program; each program uses the next seed.")
  var seed: UInt64 = 1

  @Option(help: "Maximum number of programs.")
  var programs: UInt64 = .max

  @Option(help: "Number of schedulers of each simulation, 1…8. Default: 1, 2 and 3 in turn.")
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
      // The seeds up to the next multiple of `turn`, which share one search configuration.
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
        print("FAILS  \(counterexample)\nTo run it again: \(again)")
        throw ExitCode(1)
      }
      number += count
      progress.show("\(number) programs, \(steps) steps")
    }
    progress.clear()
    let seconds = (ContinuousClock.now - begin) / .seconds(1)
    let (rate, million) = (Int(Double(number) / seconds), short(Double(steps) / seconds / 1e6))
    print("holds  \(number) programs, \(steps) steps: \(rate) programs and \(million) million steps per second")
  }

  /// The number of consecutive seeds that share one search configuration.
  private static let turn: UInt64 = 100

  /// Returns the program of a seed.
  ///
  /// Four turns of mixed programs are followed by four turns of programs that end each other where slices end.
  private static func program(_ seed: UInt64) -> RandomProgram {
    RandomProgram(seed: seed, kind: seed / turn / 4 % 2 == 0 ? .mixed : .slicesAndExits)
  }

  /// Returns the search configuration of a turn: strategy, fault injection and number of schedulers alternate.
  private func search(_ turn: UInt64) -> Search {
    Search(
      strategy: turn % 4 == 3 ? .pct(depth: 3) : .random,
      faults: turn % 2 == 0 ? .harmless : [],
      schedulers: schedulers ?? Int(turn % 3) + 1
    )
  }
}

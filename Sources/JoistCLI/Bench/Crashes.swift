// SPDX-License-Identifier: Apache-2.0
//
// Scenarios about crashes: the time from a contained trap to the monitor's message, and how much crashes slow down
// other processes.

import Joist
import Synchronization

extension Scenario {
  /// Processes that trap, one after the other.
  static let traps = Scenario(
    name: "traps",
    about: "µs from a contained trap to its Down message; bytes of growth per trap",
    parameters: [Parameter("processes", 100...100_000_000)],
    figures: [Figure("us", "µs", "from trap to Down message"), Figure("bytes", "B", "growth of the program per trap")],
    runs: [.one(20_000), .all(20_000)]
  ) { trial in
    let count = trial.arguments[0]
    return try trial.inProcess(of: Down.self) { main in
      _ = try trapInTurn(main, max(100, count / 10))
      let before = residentBytes()
      let between = try trapInTurn(main, count)
      let grown = max(0, residentBytes() - before)
      return Outcome(["us": between / 1_000, "bytes": Double(grown) / Double(count)])
    }
  }

  /// Processes that trap one after the other, beside as many processes that exchange messages.
  ///
  /// With few rounds, traps happen during the whole exchange; with many, during a part of it.
  static let trapsBeside = Scenario(
    name: "traps_beside",
    about: "% of their speed without traps at which others exchange messages",
    parameters: [Parameter("processes", 2...1_000_000, .multiple(of: 2)), Parameter("rounds", 1...1_000_000)],
    figures: [Figure("percent", "%", "of the others' speed without traps"), Figure("traps", "", "traps meanwhile")],
    runs: [.all(10_000, 200), .all(10_000, 2_000)]
  ) { trial in
    let (count, rounds) = (trial.arguments[0], trial.arguments[1])
    return try trial.inProcess(of: Down.self) { main in
      _ = try exchange(main, count, rounds)
      let alone = try exchange(main, count, rounds)
      let isOver = Flag()
      let traps = Tally()
      let trapper = main.spawn(Down.self) { process in
        while !isOver.isSet && traps.total < count {
          _ = try trapInTurn(process, 1)
          traps.add()
        }
      }
      let beside = try exchange(main, count, rounds)
      isOver.set()
      _ = try main.join(trapper)
      return Outcome(["percent": alone / beside * 100, "traps": Double(traps.total)])
    }
  }
}

/// Lets `count` processes trap one after the other; returns the average nanoseconds from trap to `Down` message.
private func trapInTurn(_ process: ProcessContext<Down>, _ count: Int) throws -> Double {
  let numbers = [1, 2, 3]
  var sum = Duration.zero
  for _ in 0..<count {
    let moment = Moment()
    process.spawnMonitored(down: told) { _ in
      moment.note()
      // An arithmetic overflow, the one trap for which Swift prints no message in any build.
      Sink.take(.max - 2 + UInt64(numbers.count))
    }
    guard case .trap = try process.receive().reason else { throw BenchProblem("a process did not trap") }
    sum += ContinuousClock.now - moment.noted
  }
  return sum.nanoseconds / Double(count)
}

/// Lets `count / 2` pairs exchange a message `rounds` times, all pairs at once; returns the seconds.
private func exchange(_ main: ProcessContext<Down>, _ count: Int, _ rounds: Int) throws -> Double {
  let refs = (0..<(count / 2)).map { _ in
    main.spawn(Ball.self) { process in
      let other = process.spawn(Ball.self) { other in
        for _ in 0..<rounds { try other.receive().back.send(Ball(back: other.ref)) }
      }
      // Waits until all pairs exist.
      _ = try process.receive()
      for _ in 0..<rounds {
        other.send(Ball(back: process.ref))
        _ = try process.receive()
      }
    }
  }
  let start = ContinuousClock.now
  for ref in refs { ref.send(Ball(back: ref)) }
  for ref in refs { _ = try main.join(ref) }
  return (ContinuousClock.now - start).nanoseconds / 1e9
}

private struct Ball { let back: ProcessRef<Ball> }

/// An instant that one process records, and another reads after a message from it.
private final class Moment: Sendable {
  private let time = Mutex(ContinuousClock.now)
  func note() { time.withLock { $0 = .now } }
  var noted: ContinuousClock.Instant { time.withLock { $0 } }
}

/// A flag that is set once.
private final class Flag: Sendable {
  private let word = Atomic<Bool>(false)
  func set() { word.store(true, ordering: .relaxed) }
  var isSet: Bool { word.load(ordering: .relaxed) }
}

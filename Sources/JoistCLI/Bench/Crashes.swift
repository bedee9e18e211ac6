// SPDX-License-Identifier: Apache-2.0
//
// Scenarios about crashes: how soon a contained one is known, and what the others notice of many.

import Joist
import Synchronization

extension Scenario {
  /// Processes that trap, one after the other.
  static let traps = Scenario(
    name: "traps",
    about: "from a contained trap to the message of a monitor",
    parameters: [Parameter("processes", 100...100_000_000)],
    figures: [Figure("us", "µs", "from trap to message"), Figure("bytes", "B", "the program grew for each")],
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

  /// Processes that trap one after the other, beside as many that exchange messages.
  ///
  /// In few rounds they trap all the time, in many for a part of it.
  static let trapsBeside = Scenario(
    name: "traps_beside",
    about: "messages of others while processes trap one after the other",
    parameters: [Parameter("processes", 2...1_000_000, .multiple(of: 2)), Parameter("rounds", 1...1_000_000)],
    figures: [Figure("percent", "%", "of the others' speed without"), Figure("traps", "", "while they ran")],
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

/// Has so many processes trap one after the other; nanoseconds from trap to message.
private func trapInTurn(_ process: ProcessContext<Down>, _ count: Int) throws -> Double {
  let numbers = [1, 2, 3]
  var sum = Duration.zero
  for _ in 0..<count {
    let moment = Moment()
    process.spawnMonitored(down: told) { _ in
      moment.note()
      // Of all traps the one that says nothing in any build.
      Sink.take(.max - 2 + UInt64(numbers.count))
    }
    guard case .trap = try process.receive().reason else { throw BenchProblem("a process did not trap") }
    sum += ContinuousClock.now - moment.noted
  }
  return sum.nanoseconds / Double(count)
}

/// Pairs of processes that send a message to and fro so often, all at once; seconds.
private func exchange(_ main: ProcessContext<Down>, _ count: Int, _ rounds: Int) throws -> Double {
  let refs = (0..<(count / 2)).map { _ in
    main.spawn(Ball.self) { process in
      let other = process.spawn(Ball.self) { other in
        for _ in 0..<rounds { try other.receive().back.send(Ball(back: other.ref)) }
      }
      // All are there before the first begins.
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

/// A moment that one process notes and another reads, after a message.
private final class Moment: Sendable {
  private let time = Mutex(ContinuousClock.now)
  func note() { time.withLock { $0 = .now } }
  var noted: ContinuousClock.Instant { time.withLock { $0 } }
}

/// Set once.
private final class Flag: Sendable {
  private let word = Atomic<Bool>(false)
  func set() { word.store(true, ordering: .relaxed) }
  var isSet: Bool { word.load(ordering: .relaxed) }
}

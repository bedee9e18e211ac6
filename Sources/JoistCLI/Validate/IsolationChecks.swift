// SPDX-License-Identifier: Apache-2.0
//
// Checks of isolation: crashes beside processes that exchange messages, and the balance of everything created.

import Joist

extension Check {
  /// Crashes of four kinds beside pairs of processes that count each other's messages.
  static let isolation = Check(
    "isolation",
    "a crash ends its own process with the right reason and affects no other",
    .exactly(0),
    "deviations from the expected counts"
  ) { conditions in
    // In a debug build Swift prints a line for most crashes, so there are few.
    let (each, pairs, rounds) = (Built.isForDebugging ? 3 : conditions.many(200), 16, conditions.many(5_000))
    let (traps, overflows, others, exchanged) = (Tally(), Tally(), Tally(), Tally())
    let statistics = try conditions.onRuntime(.init(schedulers: conditions.schedulers)) { runtime in
      for _ in 0..<pairs { startPair(runtime, rounds, exchanged) }
      runtime.spawn(Down.self) { process in
        for _ in 0..<each {
          for way in Crash.allCases { process.spawnMonitored(down: told) { _ in way.happen() } }
          for _ in Crash.allCases {
            switch try process.receive().reason {
            case .trap: traps.add()
            case .stackOverflow: overflows.add()
            default: others.add()
            }
          }
        }
      }
    }
    let (expectedTraps, expectedOverflows) = (each * (Crash.allCases.count - 1), each)
    let wrongReasons = abs(traps.total - expectedTraps) + abs(overflows.total - expectedOverflows) + others.total
    let wrongCounts =
      abs(statistics.trapsContained - expectedTraps) + abs(statistics.overflowsContained - expectedOverflows)
    let missing = abs(exchanged.total - 2 * pairs * rounds)
    let crashes = "\(statistics.trapsContained) traps, \(statistics.overflowsContained) stack overflows"
    return Measured(wrongReasons + wrongCounts + missing, "\(crashes), \(exchanged.total) messages of other processes")
  }

  /// Processes that spawn, send, flush and kill, plus the counts of all checks before.
  static let conservation = Check(
    "conservation",
    "each process ends once; each message is received, destroyed or dropped once",
    .exactly(0),
    "unaccounted for"
  ) { conditions in
    try conditions.onRuntime(.init(schedulers: conditions.schedulers, slots: 64)) { runtime in
      for number in 0..<conditions.many(200) {
        runtime.spawn(Int.self) { process in try breed(process, Chance(UInt64(number))) }
      }
    }
    let balance = conditions.balance
    return Measured(balance.difference, "\(balance.processes) processes, \(balance.messages) messages")
  }
}

/// A way to crash.
private enum Crash: CaseIterable, Sendable {
  case unwrap, index, overflow, stack

  /// Crashes the calling process.
  func happen() {
    // An empty array whose length the compiler cannot know.
    let numbers = [Int](repeating: 1, count: Int(spin(0) & 0))
    switch self {
    case .unwrap: Sink.take(UInt64(numbers.first(where: { $0 > 1 })!))
    case .index: Sink.take(UInt64(numbers[numbers.count + 3]))
    case .overflow: Sink.take(.max - 1 + UInt64(numbers.count + 2))
    case .stack: Sink.take(descend(1))
    }
  }
}

@inline(never)
private func descend(_ depth: UInt64) -> UInt64 { depth == 0 ? 0 : depth &+ descend(depth &+ 1) &* 3 }

/// A message from the first process of a pair: a number, and the process that expects the reply.
private struct Ball {
  let number: Int
  let back: ProcessRef<Int>
}

/// Starts two processes that exchange numbers and count those that arrive in the right order.
private func startPair(_ runtime: ProcessRuntime, _ rounds: Int, _ exchanged: Tally) {
  let second = runtime.spawn(Ball.self) { process in
    for number in 0..<rounds {
      let ball = try process.receive()
      if ball.number == number { exchanged.add() }
      ball.back.send(number)
    }
  }
  runtime.spawn(Int.self) { process in
    for number in 0..<rounds {
      second.send(Ball(number: number, back: process.ref))
      if try process.receive() == number { exchanged.add() }
    }
  }
}

/// Spawns children that end in different ways, with messages read and unread.
private func breed(_ process: ProcessContext<Int>, _ chance: Chance) throws {
  var chance = chance
  for _ in 0..<100 {
    let own = process.ref
    let kind = chance.below(4)
    let child = process.spawn(Int.self) { child in
      switch kind {
      case 0: return
      case 1: _ = try child.receive()
      case 2: _ = try child.receive(where: { $0 > 5 }, timeout: .milliseconds(1))
      default: while true { own.send(try child.receive()) }
      }
    }
    for number in 0..<Int(chance.below(8)) { child.send(number) }
    if chance.below(2) == 0 { try process.yield() }
    child.exit(chance.below(2) == 0 ? .killed : .shutdown)
    if chance.below(8) == 0 { process.flush() }
  }
}

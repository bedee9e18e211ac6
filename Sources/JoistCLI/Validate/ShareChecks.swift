// SPDX-License-Identifier: Apache-2.0
//
// Checks of each process's share of the schedulers: the budget of a slice, ageing, and fairness within a priority.

import Joist
import Synchronization

/// The default configuration.
private let usual = ProcessRuntime.Configuration()

extension Check {
  /// Two processes on one scheduler that count every reduction.
  static let budget = Check(
    "budget",
    "a slice ends after exactly its budget of reductions",
    .exactly(Double(usual.reductionsPerSlice)),
    "reductions per slice"
  ) { conditions in
    let (stretches, slices) = (Stretches(), conditions.many(200))
    let statistics = try conditions.onRuntime(.init(schedulers: 1, spareSchedulers: 0)) { runtime in
      runtime.spawn { process in
        for number in 0..<2 {
          process.spawn { child in
            for _ in 0..<usual.reductionsPerSlice * slices {
              stretches.count(number)
              try child.reduce(1)
            }
          }
        }
      }
    }
    let (shortest, longest) = stretches.bounds
    let isShort = usual.reductionsPerSlice - shortest > longest - usual.reductionsPerSlice
    return Measured(isShort ? shortest : longest, "the one furthest off of \(statistics.slices) slices")
  }

  /// One `.low` process beside `.normal` ones that never stop.
  static let ageing = Check(
    "ageing",
    "a .low process runs beside .normal ones that never stop",
    // The process is promoted when it has aged, which the scheduler checks periodically, and then waits for the
    // processes before it.
    .atMost(Double(usual.ageing + Int(Limits.ageingMask) + 1 + 2 * neverStopping)),
    "slices of others before its first"
  ) { conditions in
    let (slices, isOver) = (Tally(), Tally())
    let log = Log<Int>()
    let statistics = try conditions.onRuntime(.init(schedulers: 1, spareSchedulers: 0)) { runtime in
      runtime.spawn { process in
        for _ in 0..<neverStopping {
          process.spawn { child in
            while isOver.total == 0 && slices.total < usual.ageing * 1_000 {
              slices.add()
              try child.yield()
            }
          }
        }
        process.spawn(options: .init(priority: .low)) { _ in
          log.add(slices.total)
          isOver.add()
        }
      }
    }
    let others = "\(neverStopping) others, \(statistics.agings) promotions by age"
    return Measured(log.entries.first ?? .max, others)
  }

  /// Processes of one priority, as many for each scheduler.
  static let fairness = Check(
    "fairness",
    "processes of one priority get equal shares of the schedulers",
    .atLeast(0.99),
    "Jain's fairness index"
  ) { conditions in
    let schedulers = conditions.schedulers
    let (isOver, done) = (Tally(), Log<[Int]>())
    // Without spare schedulers, whose few slices would count as much as the many slices of another scheduler.
    try conditions.onRuntime(.init(schedulers: schedulers, spareSchedulers: 0)) { runtime in
      let keepers = Keepers(runtime)
      let end = ContinuousClock.now + .milliseconds(1_500)
      for _ in 0..<(conditions.isQuick ? 8 : 32) * schedulers {
        runtime.spawn { process in
          var turns = [Int](repeating: 0, count: schedulers)
          var work = Work()
          while isOver.total == 0 {
            turns[process.schedulerIndex] += 1
            work.go(on: 200)
            try process.reduce(200)
            // On a slow machine, all processes continue until one has had enough slices for a comparison.
            if ContinuousClock.now >= end && turns.reduce(0, +) >= 100 { isOver.add() }
          }
          done.add(turns)
        }
      }
      keepers.letGo()
    }
    let index = jainIndex(shares(done.entries, schedulers))
    return Measured(index, "\(done.entries.count) processes on \(schedulers) schedulers")
  }
}

/// Processes that keep every scheduler busy, so that none steals the processes spawned from outside in turn.
private struct Keepers {
  private let isOver = Tally()

  /// Starts the processes and waits until all schedulers run them, for at most five seconds.
  init(_ runtime: ProcessRuntime) {
    let slices = (0..<runtime.schedulerCount).map { _ in Tally() }
    for _ in 0..<4 * runtime.schedulerCount {
      runtime.spawn { [isOver] process in
        while isOver.total == 0 {
          slices[process.schedulerIndex].add()
          try process.yield()
        }
      }
    }
    let patience = ContinuousClock.now + .seconds(5)
    while slices.contains(where: { $0.total < 1_000 }) && ContinuousClock.now < patience { relinquishProcessor() }
  }

  func letGo() { isOver.add() }
}

/// The number of `.normal` processes beside the `.low` one.
private let neverStopping = 8

/// Returns each process's share of each scheduler's work, summed over the schedulers.
///
/// Relative shares do not depend on how much processor time the system gave to each scheduler.
private func shares(_ work: [[Int]], _ schedulers: Int) -> [Double] {
  let totals = (0..<schedulers).map { number in work.reduce(0) { $0 + $1[number] } }
  return work.map { turns in
    zip(turns, totals).reduce(0) { $0 + Double($1.0) / Double(max(1, $1.1)) }
  }
}

/// Returns Jain's fairness index: 1 if all shares are equal, `1 / shares.count` if one process has everything.
private func jainIndex(_ shares: [Double]) -> Double {
  let sum = shares.reduce(0, +)
  let squares = shares.reduce(0) { $0 + $1 * $1 }
  return sum * sum / (Double(shares.count) * squares)
}

/// The lengths of the stretches that a process runs before another process does.
private final class Stretches: Sendable {
  private struct State {
    var runner = -1
    var length = 0
    var shortest = Int.max
    var longest = 0

    mutating func close() {
      if runner >= 0 {
        shortest = min(shortest, length)
        longest = max(longest, length)
      }
      length = 0
    }
  }

  private let state = Mutex(State())

  /// Counts one reduction of the process `number`.
  func count(_ number: Int) {
    state.withLock { state in
      if state.runner != number {
        state.close()
        state.runner = number
      }
      state.length += 1
    }
  }

  /// The lengths of the shortest and the longest stretch.
  var bounds: (shortest: Int, longest: Int) {
    state.withLock { state in
      state.close()
      return (state.shortest, state.longest)
    }
  }
}

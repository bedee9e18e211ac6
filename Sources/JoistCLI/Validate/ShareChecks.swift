// SPDX-License-Identifier: Apache-2.0
//
// Checks of how much who gets: the budget of a slice, ageing, and equal shares for equals.

import Joist
import Synchronization

/// As runtimes are made.
private let usual = ProcessRuntime.Configuration()

extension Check {
  /// Two processes on one scheduler that count every reduction.
  static let budget = Check(
    "budget",
    "a process that counts its work gets its slice and no more",
    .exactly(Double(usual.reductionsPerSlice)),
    "reductions"
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
    let (least, most) = stretches.bounds
    let isShort = usual.reductionsPerSlice - least > most - usual.reductionsPerSlice
    return Measured(isShort ? least : most, "the worst of \(statistics.slices) slices")
  }

  /// One low process beside normal ones that never stop.
  static let ageing = Check(
    "ageing",
    "a low process runs beside normal ones that never stop",
    // It moves up when it is old enough, which is looked at now and then, and waits for those before it.
    .atMost(Double(usual.ageing + Int(Limits.ageingMask) + 1 + 2 * neverStopping)),
    "slices later"
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
    let others = "beside \(neverStopping), \(statistics.agings) moved up"
    return Measured(log.entries.first ?? .max, others)
  }

  /// As many equal processes as make a queue of the same length for each scheduler.
  static let fairness = Check(
    "fairness",
    "equal processes get equal shares of the schedulers' work",
    .atLeast(0.99),
    "Jain's index"
  ) { conditions in
    let schedulers = conditions.schedulers
    let (isOver, done) = (Tally(), Log<[Int]>())
    // A spare scheduler's few slices would count as much as another's many.
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
            // On a slow machine all of them go on until one has had enough slices to be compared by.
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

/// Processes that keep every scheduler busy, so that none takes from another's queue what comes from outside in turn.
private struct Keepers {
  private let isOver = Tally()

  /// Returns when all schedulers are at work, or after some seconds.
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

/// Normal processes beside the low one.
private let neverStopping = 8

/// What each process got of each scheduler's work, added up: so it does not matter how much of a core the system gave
/// to which scheduler.
private func shares(_ work: [[Int]], _ schedulers: Int) -> [Double] {
  let totals = (0..<schedulers).map { number in work.reduce(0) { $0 + $1[number] } }
  return work.map { turns in
    zip(turns, totals).reduce(0) { $0 + Double($1.0) / Double(max(1, $1.1)) }
  }
}

/// One when all are equal, and one in so many when one has everything.
private func jainIndex(_ shares: [Double]) -> Double {
  let sum = shares.reduce(0, +)
  let squares = shares.reduce(0) { $0 + $1 * $1 }
  return sum * sum / (Double(shares.count) * squares)
}

/// How long each process ran until another did.
private final class Stretches: Sendable {
  private struct State {
    var runner = -1
    var length = 0
    var least = Int.max
    var most = 0

    mutating func close() {
      if runner >= 0 {
        least = min(least, length)
        most = max(most, length)
      }
      length = 0
    }
  }

  private let state = Mutex(State())

  /// One turn of a process.
  func count(_ number: Int) {
    state.withLock { state in
      if state.runner != number {
        state.close()
        state.runner = number
      }
      state.length += 1
    }
  }

  /// The shortest and the longest.
  var bounds: (least: Int, most: Int) {
    state.withLock { state in
      state.close()
      return (state.least, state.most)
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// Checks of the order in which processes run: priorities on one scheduler and across two, and turns within a priority.

import Joist
import Synchronization

/// An ageing limit in slices that no process reaches while a check runs.
private let never = 1_000_000_000

extension Check {
  /// Processes of mixed priorities, all ready before the first runs.
  static let order = Check(
    "order",
    "more urgent processes run first",
    .exactly(0),
    "slices out of order"
  ) { conditions in
    let (processes, turns) = (conditions.many(1_000), 4)
    let log = Log<Priority>()
    try conditions.onRuntime(.init(schedulers: 1, ageing: never, spareSchedulers: 0)) { runtime in
      runtime.spawn(options: .init(priority: .max)) { process in
        for number in 0..<processes {
          let priority = Priority.allCases[number * 7 % 4]
          process.spawn(options: .init(priority: priority)) { child in
            for _ in 0..<turns {
              log.add(priority)
              try child.yield()
            }
          }
        }
      }
    }
    let wrong = zip(log.entries, log.entries.dropFirst()).count { $0 < $1 }
    let missing = processes * turns - log.entries.count
    return Measured(wrong + missing, "\(log.entries.count) slices of four priorities")
  }

  /// Bursts of `.high` processes spawned on one of two schedulers that both have `.normal` work.
  static let urgent = Check(
    "urgent",
    "urgent work on one scheduler runs before normal work on another",
    .atMost(20),
    "% of slices were normal while urgent work waited",
    isTimed: true
  ) { conditions in
    let (bursts, size) = (21, 200)
    let (waiting, passed, isOver) = (Tally(), Tally(), Tally())
    let shares = Log<Double>()
    try conditions.onRuntime(.init(schedulers: 2, ageing: never, spareSchedulers: 0)) { runtime in
      for _ in 0..<32 {
        runtime.spawn { process in
          var work = Work()
          while isOver.total == 0 {
            // Each scheduler may have taken one process from its run queue that has not begun yet.
            if waiting.total > 2 { passed.add() }
            work.go(on: 1_000)
            try process.yield()
          }
        }
      }
      runtime.spawn(Void.self, options: .init(priority: .max)) { process in
        for _ in 0..<bursts {
          try process.sleep(for: .milliseconds(3))
          let before = passed.total
          let done = process.ref
          for _ in 0..<size {
            waiting.add()
            process.spawn(options: .init(priority: .high)) { _ in
              waiting.add(-1)
              var work = Work()
              work.go(on: 1_000)
              done.send(())
            }
          }
          try process.take(size)
          let count = Double(passed.total - before)
          shares.add(count / (count + Double(size)) * 100)
        }
        isOver.add()
      }
    }
    let worst = shares.entries.max().map(short) ?? "-"
    return Measured(shares.entries.median ?? .nan, "median of \(shares.entries.count) bursts, maximum \(worst) %")
  }

  /// Processes of one priority that yield, and others that are woken one after the other.
  static let turns = Check(
    "turns",
    "processes of one priority run in turn",
    .exactly(0),
    "slices out of turn"
  ) { conditions in
    let (processes, rounds) = (conditions.many(500), 40)
    let (log, woken) = (Log<Int>(), Log<Int>())
    try conditions.onRuntime(.init(schedulers: 1, spareSchedulers: 0)) { runtime in
      runtime.spawn { process in
        let waiting = (0..<processes).map { number in
          process.spawn(Void.self) { child in
            try child.receive()
            woken.add(number)
          }
        }
        // After this yield, all of them wait in `receive`.
        try process.yield()
        for other in waiting { other.send(()) }
        try process.yield()
        for number in 0..<processes {
          process.spawn { child in
            for _ in 0..<rounds {
              log.add(number)
              try child.yield()
            }
          }
        }
      }
    }
    let turns = outOfTurn(woken.entries, processes, 1) + outOfTurn(log.entries, processes, rounds)
    return Measured(turns, "\(log.entries.count) slices, \(woken.entries.count) wakes")
  }
}

/// Returns the number of entries that are wrong or missing if `processes` processes take turns for `rounds` rounds.
private func outOfTurn(_ entries: [Int], _ processes: Int, _ rounds: Int) -> Int {
  let wrong = entries.enumerated().count { index, number in number != index % processes }
  return wrong + abs(processes * rounds - entries.count)
}

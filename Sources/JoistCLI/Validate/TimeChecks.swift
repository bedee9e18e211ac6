// SPDX-License-Identifier: Apache-2.0
//
// Checks of times: how exact waits are, and how long a process waits for a thread while others never suspend.

import Joist

extension Check {
  /// No wait ends before its deadline.
  static let early = Check(
    "early",
    "no sleep, timeout or timer ends early",
    .exactly(0),
    "ended early"
  ) { conditions in
    let waits = try measureWaits(conditions)
    return Measured(waits.early, "\(waits.late.count) waits")
  }

  /// No wait ends long after its deadline.
  static let late = Check(
    "late",
    "sleeps, timeouts and timers end on time",
    .atMost(10),
    "ms late, 99th percentile",
    isTimed: true
  ) { conditions in
    let waits = try measureWaits(conditions)
    let (half, worst) = (waits.milliseconds(50), waits.milliseconds(100))
    return Measured(waits.milliseconds(99), "median \(short(half)) ms, maximum \(short(worst)) ms")
  }

  /// A loop on every scheduler that never reaches a suspension point.
  static let stuck = Check(
    "stuck",
    "loops that never suspend, on all schedulers, block no other process",
    .atMost(100),
    "ms until another process ran, maximum",
    isTimed: true
  ) { conditions in
    let delays = Log<Double>()
    let (turns, isOver) = (20, Tally())
    let patience = ContinuousClock.now + .seconds(20)
    let configuration = ProcessRuntime.Configuration(schedulers: conditions.schedulers)
    let statistics = try conditions.onRuntime(configuration) { runtime in
      for turn in 1...turns {
        let looping = Tally()
        for _ in 0..<conditions.schedulers {
          runtime.spawn { _ in
            looping.add()
            while isOver.total < turn && ContinuousClock.now < patience {}
          }
        }
        while looping.total < conditions.schedulers && ContinuousClock.now < patience { relinquishProcessor() }
        let start = ContinuousClock.now
        runtime.spawn { _ in
          delays.add((ContinuousClock.now - start).milliseconds)
          isOver.add()
        }
        runtime.waitUntilIdle()
      }
    }
    guard isOver.total == turns else { throw CheckProblem("only \(isOver.total) of \(turns) processes ran") }
    let median = short(delays.entries.median ?? .nan)
    let spares = "\(statistics.spareStarts) spare schedulers started"
    return Measured(delays.entries.max() ?? .nan, "median \(median) ms of \(turns) attempts, \(spares)")
  }
}

/// The deviations of waits from their deadlines.
private struct Waits {
  var late = Distribution()
  var early = 0

  func milliseconds(_ percent: Double) -> Double { late.nanoseconds(percent: percent) / 1e6 }
}

/// Measures sleeps, receives with a timeout, and timers, each of one to ten milliseconds.
private func measureWaits(_ conditions: Conditions) throws -> Waits {
  let (log, each) = (Log<Duration>(), conditions.many(200))
  try conditions.onRuntime(.init(schedulers: conditions.schedulers)) { runtime in
    for number in 0..<12 {
      runtime.spawn(Void.self) { process in
        var chance = Chance(UInt64(number))
        for _ in 0..<each {
          let length = Duration.microseconds(Int(1_000 + chance.below(9_000)))
          let due = ContinuousClock.now + length
          switch number % 3 {
          case 0: try process.sleep(for: length)
          case 1: _ = try process.receive(timeout: length)
          default:
            process.sendAfter(length, to: process.ref, ())
            try process.receive()
          }
          log.add(ContinuousClock.now - due)
        }
      }
    }
  }
  var waits = Waits()
  for late in log.entries {
    waits.late.add(late)
    if late < .zero { waits.early += 1 }
  }
  return waits
}

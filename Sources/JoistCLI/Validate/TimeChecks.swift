// SPDX-License-Identifier: Apache-2.0
//
// Checks that take time: how exact waits are, and how long a process waits when others never let go of their thread.

import Joist

extension Check {
  /// Nothing ends before its time.
  static let early = Check("early", "no sleep, timeout or timer ends early", .exactly(0), "early") { conditions in
    let waits = try measureWaits(conditions)
    return Measured(waits.early, "\(waits.late.count) waits")
  }

  /// Nor much after it.
  static let late = Check(
    "late",
    "sleeps, timeouts and timers end in time",
    .atMost(10),
    "ms late in 99 of 100",
    isTimed: true
  ) { conditions in
    let waits = try measureWaits(conditions)
    let (half, worst) = (waits.milliseconds(50), waits.milliseconds(100))
    return Measured(waits.milliseconds(99), "\(short(half)) in the median, \(short(worst)) at worst")
  }

  /// A loop that never reaches a suspension point on every scheduler.
  static let stuck = Check(
    "stuck",
    "loops on all schedulers that never let go hold nobody up",
    .atMost(100),
    "ms until others ran",
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
    guard isOver.total == turns else { throw CheckProblem("only \(isOver.total) of \(turns) ran") }
    let median = short(delays.entries.median ?? .nan)
    let spares = "\(statistics.spareStarts) spare schedulers"
    return Measured(delays.entries.max() ?? .nan, "\(median) in the median of \(turns), \(spares)")
  }
}

/// How far waits were off.
private struct Waits {
  var late = Distribution()
  var early = 0

  func milliseconds(_ percent: Double) -> Double { late.nanoseconds(percent: percent) / 1e6 }
}

/// Sleeps, receives with a timeout, and messages that are sent later, of one to ten milliseconds.
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

// SPDX-License-Identifier: Apache-2.0
//
// Repeats the choices of an earlier run. Where a recorded choice exceeds the options of this run, it makes the ordinary
// choice.

/// Repeats a schedule, and makes the ordinary choice after its end.
struct ReplayStrategy: SchedulingStrategy {
  private let choices: [UInt16]
  private var index = 0

  init(_ schedule: Schedule) { choices = schedule.choices }

  mutating func choose(_ threads: [Int], continues: Bool, faults: Int) -> Int { next(threads.count + faults) }
  mutating func draw(_ count: Int) -> Int { next(count) }

  private mutating func next(_ count: Int) -> Int {
    guard index < choices.count else { return 0 }
    defer { index += 1 }
    return Int(choices[index]) < count ? Int(choices[index]) : 0
  }
}

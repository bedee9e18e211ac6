// SPDX-License-Identifier: Apache-2.0
//
// Chooses as an earlier run did. Where there is less to choose from than there was then, the ordinary is chosen.

/// An earlier run, and the ordinary after its end.
struct ReplayStrategy: SchedulingStrategy {
  private let choices: [UInt16]
  private var place = 0

  init(_ schedule: Schedule) { choices = schedule.choices }

  mutating func choose(_ threads: [Int], continues: Bool, faults: Int) -> Int { next(threads.count + faults) }
  mutating func draw(_ count: Int) -> Int { next(count) }

  private mutating func next(_ count: Int) -> Int {
    guard place < choices.count else { return 0 }
    defer { place += 1 }
    return Int(choices[place]) < count ? Int(choices[place]) : 0
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// The check that no wake-up is lost: messages race with receivers that park, between schedulers and from outside, while
// schedulers are busy and while they fall asleep.

import Joist

extension Check {
  /// Listeners that park for each message; on each scheduler a process that sends to one at random, again and again; a
  /// thread outside that sends at the same time, and goes on alone when all is quiet.
  ///
  /// A lost wake-up is a message that lies unread when all is quiet, or quiet that never comes.
  static let wakeups = Check("wakeups", "no wake-up is lost", .exactly(0), "lost") { conditions in
    let schedulers = conditions.schedulers
    let (outside, alone) = (conditions.races / 50, conditions.races / 100)
    let inside = conditions.races - outside - alone
    let (audience, heardOutside) = (Audience(), Tally())
    let ended = try conditions.onRuntimeThatMayHang(.init(schedulers: schedulers), limit: .seconds(300)) { runtime in
      let listeners = (0..<8 * schedulers).map { _ in
        runtime.spawn(Int.self) { process in try audience.listen(process) }
      }
      let listener = runtime.spawn(Void.self) { process in
        while true {
          try process.receive()
          heardOutside.add()
        }
      }
      for number in 0..<schedulers {
        let share = inside / schedulers + (number < inside % schedulers ? 1 : 0)
        runtime.spawn { process in try speak(process, share, to: listeners, Chance(UInt64(number))) }
      }
      send(1...outside, to: listener, heardOutside)
      guard runtime.waitUntilIdle(timeout: .seconds(300)) else { return }
      send(outside + 1...outside + alone, to: listener, heardOutside)
    }
    let lost = conditions.races - audience.heard.total - heardOutside.total
    let races =
      "\(conditions.races) messages, \(ended.statistics.blocks) parks, \(audience.crossed.total) between "
      + "schedulers, \(ended.statistics.sleeps) sleeps of theirs"
    return Measured(ended.isIdle ? lost : max(1, lost), ended.isIdle ? races : "\(races), never quiet")
  }
}

/// Those who listen, and what they have heard.
private final class Audience: Sendable {
  let heard = Tally()
  /// Messages that came from another scheduler than the one on which their receiver had begun to wait.
  let crossed = Tally()

  /// Counts messages, which say what scheduler they come from.
  func listen(_ process: ProcessContext<Int>) throws {
    while true {
      let before = process.schedulerIndex
      if try process.receive() != before { crossed.add() }
      heard.add()
    }
  }
}

/// Sends so often to one at random, and lets those run who were woken.
private func speak(
  _ process: ProcessContext<Never>,
  _ count: Int,
  to listeners: [ProcessRef<Int>],
  _ chance: Chance
) throws {
  var chance = chance
  for _ in 0..<count {
    listeners[Int(chance.below(UInt64(listeners.count)))].send(process.schedulerIndex)
    try process.yield()
  }
}

/// Sends from this thread, a message for each number, and never more than two ahead of the listener, so that this parks
/// again and again.
private func send(_ numbers: ClosedRange<Int>, to listener: ProcessRef<Void>, _ heard: Tally) {
  for number in numbers {
    listener.send(())
    let patience = ContinuousClock.now + .seconds(60)
    while number - heard.total > 2 {
      if ContinuousClock.now > patience { return }
      relinquishProcessor()
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// The check that no wake-up is lost: messages race with receivers that park, sent by other schedulers and by a thread
// outside, while schedulers are busy and while they go to sleep.

import Joist

extension Check {
  /// Listeners park for each message, while one process per scheduler repeatedly sends to a random listener.
  ///
  /// A thread outside the runtime sends at the same time, and continues alone when the runtime is idle. A wake-up is
  /// lost if a message is unread when the runtime is idle, or if the runtime never becomes idle.
  static let wakeups = Check("wakeups", "no wake-up is lost", .exactly(0), "wake-ups lost") { conditions in
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
      "\(conditions.races) messages, \(audience.crossed.total) of them between schedulers, "
      + "\(ended.statistics.parks) parks, \(ended.statistics.schedulerSleeps) scheduler sleeps"
    return Measured(ended.isIdle ? lost : max(1, lost), ended.isIdle ? races : "\(races), never idle")
  }
}

/// The counts of the listeners.
private final class Audience: Sendable {
  let heard = Tally()
  /// The number of messages from another scheduler than the one on which their receiver had begun to wait.
  let crossed = Tally()

  /// Receives and counts messages, each of which holds the index of its sender's scheduler.
  func listen(_ process: ProcessContext<Int>) throws {
    while true {
      let before = process.schedulerIndex
      if try process.receive() != before { crossed.add() }
      heard.add()
    }
  }
}

/// Sends `count` messages to random listeners, and yields after each so that the woken listeners run.
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

/// Sends a message for each number from this thread, at most two ahead of the listener, so that it parks repeatedly.
///
/// Returns early if the listener does not catch up within a minute.
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

// SPDX-License-Identifier: Apache-2.0
//
// Checks from outside that queues are served in the right order: compares what was at the head of each queue before
// with what runs now.

import Synchronization

/// A check of all run queues, which remembers their heads (Q2, Q3).
struct QueueWatch {
  private let core: Handle<RuntimeCore>
  private var seen: [Seen] = []
  /// The first two processes of each level, for each scheduler.
  private var heads: [Head] = []
  static let levels = Priority.allCases

  /// The earlier state of one scheduler.
  private struct Seen {
    var slice: UInt32 = 0
    var handed: ProcessHandle?
  }

  private struct Head {
    var first: ProcessHandle?
    var second: ProcessHandle?
    var queuedAt: UInt32 = 0
  }

  init(_ core: Handle<RuntimeCore>) { self.core = core }

  /// Returns the first rule that does not hold, with the reason.
  mutating func brokenRule() -> String? {
    for number in 0..<core.it.schedulerCount {
      let scheduler = core.it.scheduler(number)
      if seen.count == number {
        seen.append(Seen())
        for _ in QueueWatch.levels { heads.append(Head()) }
      }
      if let broken = broken(scheduler, number) ?? unaged(scheduler) { return broken }
      look(scheduler, number)
    }
    return nil
  }

  private mutating func look(_ scheduler: Handle<Scheduler>, _ number: Int) {
    seen[number] = Seen(slice: scheduler.sliceCount, handed: scheduler.it.handed)
    for level in QueueWatch.levels {
      let first = scheduler.it.queue.list(level).it.first
      heads[headIndex(number, level)] = Head(first: first, second: first?.it.next, queuedAt: first?.it.queuedAt ?? 0)
    }
  }

  private func headIndex(_ number: Int, _ level: Priority) -> Int {
    number * QueueWatch.levels.count + Int(level.rawValue)
  }

  /// Returns the reason if a process began to run while another was before it in the same queue, and still is.
  private func broken(_ scheduler: Handle<Scheduler>, _ number: Int) -> String? {
    guard scheduler.sliceCount != seen[number].slice, let running = scheduler.it.running,
      running != seen[number].handed
    else { return nil }
    let level = running.it.level
    for urgent in QueueWatch.levels where urgent.rawValue <= level.rawValue {
      let head = heads[headIndex(number, urgent)]
      guard let first = head.first, first != running, first.it.queuedAt == head.queuedAt, keepsItsTurn(first),
        scheduler.it.queue.list(urgent).it.first == first
      else { continue }
      if urgent != level { return "Q2: \(running.id) runs at level \(level), and \(first.id) waits at \(urgent)" }
      if head.second == running { return "Q2: \(running.id) runs before \(first.id), which came first" }
    }
    return nil
  }

  /// Returns whether a process gets a stack at once when it is taken, so that it is not queued again to wait for one
  /// (U4).
  private func keepsItsTurn(_ process: ProcessHandle) -> Bool {
    process.it.flags.contains(.onStack) || process.it.slot == nil && core.it.slots.waiting == 0
  }

  /// Returns the reason if a head has waited for longer than ageing allows.
  private func unaged(_ scheduler: Handle<Scheduler>) -> String? {
    let slice = scheduler.sliceCount
    let limit = UInt32(core.it.configuration.ageing) + 2 * (Limits.ageingMask + 1)
    for level in QueueWatch.levels where level < .high {
      let list = scheduler.it.queue.list(level)
      guard let head = list.it.first, slice &- head.it.queuedAt > limit, slice &- list.it.lastScheduled > limit else {
        continue
      }
      return "Q3: \(head.id) has waited at \(level) for \(slice &- head.it.queuedAt) slices"
    }
    return nil
  }
}

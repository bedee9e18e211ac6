// SPDX-License-Identifier: Apache-2.0
//
// Whether queues are served as they say, seen from outside: what was at the head of a queue before, and what runs now.

import Synchronization

/// Remembers the heads of all queues (Q2, Q3).
struct QueueWatch {
  private let core: Handle<RuntimeCore>
  private var seen: [Seen] = []
  /// Of each scheduler, the first two of each level.
  private var heads: [Head] = []
  static let levels = Priority.allCases

  /// One scheduler, as it was.
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

  /// The first rule that does not hold.
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
      heads[place(number, level)] = Head(first: first, second: first?.it.next, queuedAt: first?.it.queuedAt ?? 0)
    }
  }

  private func place(_ number: Int, _ level: Priority) -> Int {
    number * QueueWatch.levels.count + Int(level.rawValue)
  }

  /// Whether something began to run while something else was before it in the same queue, and is still.
  private func broken(_ scheduler: Handle<Scheduler>, _ number: Int) -> String? {
    guard scheduler.sliceCount != seen[number].slice, let running = scheduler.it.running,
      running != seen[number].handed
    else { return nil }
    let level = running.it.level
    for urgent in QueueWatch.levels where urgent.rawValue <= level.rawValue {
      let head = heads[place(number, urgent)]
      guard let first = head.first, first != running, first.it.queuedAt == head.queuedAt, staysPut(first),
        scheduler.it.queue.list(urgent).it.first == first
      else { continue }
      if urgent != level { return "Q2: \(running.id) runs at level \(level), and \(first.id) waits at \(urgent)" }
      if head.second == running { return "Q2: \(running.id) runs before \(first.id), which came first" }
    }
    return nil
  }

  /// Whether it gets a stack at once when it is taken, and so is not queued anew for want of one (U4).
  private func staysPut(_ process: ProcessHandle) -> Bool {
    process.it.flags.contains(.onStack) || process.it.slot == nil && core.it.slots.waiting == 0
  }

  /// Whether a head has waited for longer than ageing lets it.
  private func unaged(_ scheduler: Handle<Scheduler>) -> String? {
    let slice = scheduler.sliceCount
    let most = UInt32(core.it.configuration.ageing) + 2 * (Limits.ageingMask + 1)
    for level in QueueWatch.levels where level < .high {
      let list = scheduler.it.queue.list(level)
      guard let head = list.it.first, slice &- head.it.queuedAt > most, slice &- list.it.lastScheduled > most else {
        continue
      }
      return "Q3: \(head.id) has waited at \(level) for \(slice &- head.it.queuedAt) slices"
    }
    return nil
  }
}

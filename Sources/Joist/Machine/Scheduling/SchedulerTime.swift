// SPDX-License-Identifier: Apache-2.0
//
// Where a scheduler's time goes. The clock is read at each change between states, none of which lies on the way from
// one process to the next.

import Synchronization

/// What a scheduler's thread does.
public enum SchedulerActivity: Int, Sendable, Hashable, CaseIterable {
  /// Runs processes, switches between them included.
  case running
  /// Looks for work in the queues of other schedulers.
  case stealing
  /// Wakes processes whose deadlines have passed.
  case timers
  /// Collects private heaps; the process that collects runs meanwhile.
  case collecting
  /// Looks for work again and again before it sleeps.
  case spinning
  /// Sleeps until there is work.
  case sleeping
  /// Balances load, reclaims stacks, and gives memory back.
  case overhead
}

/// The time of one scheduler by activity, in ticks; its own thread writes it, and any thread reads it.
///
/// A change is counted before and after it. A reader that finds the count odd or changed reads again.
// Ordering: the fences keep the values between the two counts, in the order of either side.
struct SchedulerTime: ~Copyable {
  private let totals = Handle<Counter>.allocate(count: SchedulerActivity.allCases.count) { Counter() }
  private(set) var activity = SchedulerActivity.spinning
  /// The number of the present activity, for other threads.
  private let present = Counter()
  /// The time of the last change.
  private let since = Counter()
  /// The number of changes that were begun and finished.
  private let changes = Counter()

  init(now: UInt64) {
    since.add(Int(truncatingIfNeeded: now))
    present.add(activity.rawValue)
  }

  deinit { totals.free(count: SchedulerActivity.allCases.count) }

  /// Ends the present activity and begins another; returns the one that has ended.
  mutating func begin(_ next: SchedulerActivity, _ clock: TickClock) -> SchedulerActivity {
    let before = activity
    let start = since.total
    change {
      let now = clock.count
      totals.advanced(by: before.rawValue).it.add(max(0, Int(truncatingIfNeeded: now) &- start))
      since.add(Int(truncatingIfNeeded: now) &- start)
      present.add(next.rawValue - before.rawValue)
    }
    activity = next
    return before
  }

  /// Moves time from `running` to `collecting`, for a process that has just collected.
  func noteCollection(_ ticks: Int) {
    change {
      totals.advanced(by: SchedulerActivity.collecting.rawValue).it.add(ticks)
      totals.advanced(by: SchedulerActivity.running.rawValue).it.add(-ticks)
    }
  }

  @inline(__always)
  private func change(_ body: () -> Void) {
    changes.add()
    atomicMemoryFence(ordering: .releasing)
    body()
    changes.addReleasing()
  }

  /// Returns the ticks by activity, the present one up to now included; for any thread.
  func ticks(_ clock: TickClock) -> [Int] {
    var ticks = SchedulerActivity.allCases.map { _ in 0 }
    while true {
      let before = changes.totalAcquiring
      for index in ticks.indices { ticks[index] = totals.advanced(by: index).it.total }
      let (present, since, now) = (present.total, since.total, clock.count)
      atomicMemoryFence(ordering: .acquiring)
      if before & 1 == 0 && changes.total == before {
        ticks[present] += max(0, Int(truncatingIfNeeded: now) &- since)
        return ticks.map { max(0, $0) }
      }
      relinquishProcessor()
    }
  }
}

extension Handle<Scheduler> {
  /// Reads the clock, and ends what the thread does in favour of another activity; returns the one that has ended.
  @discardableResult
  @inline(never)
  func beginActivity(_ activity: SchedulerActivity) -> SchedulerActivity {
    it.time.begin(activity, it.clock)
  }
}

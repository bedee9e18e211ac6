// SPDX-License-Identifier: Apache-2.0
//
// The statistics of schedulers: queues, time by activity, migrations and steals.

import Joist
import TestSupport
import Testing

extension SchedulerStatistics {
  fileprivate var totalTime: Duration { time.values.reduce(.zero, +) }
}

@Suite struct SchedulerStatisticsTests {
  @Test func `T6, T7: a scheduler's queues have the processes of each priority, and the reductions used in them`()
    throws
  {
    let simulation = try HandDriven()
    let runtime = simulation.runtime
    let lengths = Log<[Int]>()
    runtime.spawn(options: .init(priority: .max)) { process in
      for (count, priority) in zip([1, 2, 3, 4], Priority.allCases.sorted()) {
        for _ in 0..<count { process.spawn(options: .init(priority: priority)) { try $0.reduce(100) } }
      }
      let queues = runtime.statistics.schedulers[0].queues
      #expect(queues.map(\.priority) == [.max, .high, .normal, .low])
      lengths.add(queues.map(\.length))
    }
    simulation.run()
    #expect(lengths.entries == [[4, 3, 2, 1]])
    let queues = runtime.statistics.schedulers[0].queues
    #expect(queues.allSatisfy { $0.length == 0 })
    for (queue, count) in zip(queues, [4, 3, 2, 1]) where queue.priority != .max {
      #expect((count * 100..<count * 100 + 50).contains(queue.totalReductions), "\(queue)")
    }
    #expect(queues.map(\.totalReductions).reduce(0, +) == runtime.statistics.reductions)
    #expect(runtime.statistics.schedulers[0].slices == 11)
  }

  @Test func `T8: on a simulated clock the activities of a scheduler sum up to the time that has passed`() throws {
    let simulation = try HandDriven(.init(schedulers: 2))
    let (runtime, platform) = (simulation.runtime, simulation.platform)
    let first = runtime.statistics.schedulers.map(\.totalTime)
    let began = platform.now()
    for number in 0..<4 {
      runtime.spawn { process in
        for _ in 0..<20 {
          platform.advance(by: 70_000)
          try process.reduce(500)
          try process.sleep(for: .milliseconds(number + 1))
        }
      }
    }
    simulation.run()
    platform.advance(by: 12_345)
    let elapsed = Duration.nanoseconds(platform.now() - began)
    for (scheduler, first) in zip(runtime.statistics.schedulers, first) where !scheduler.isSpare {
      #expect(scheduler.totalTime - first == elapsed, "\(scheduler.time)")
    }
    // The clock moves only while processes run, and between steps.
    let running = runtime.statistics.schedulers.reduce(Duration.zero) { $0 + $1.time[.running]! }
    #expect(running >= .nanoseconds(4 * 20 * 70_000) && running < elapsed)
  }

  @Test func `T8: a scheduler that rests sleeps, one that computes runs, and its utilization says how much`() throws {
    let simulation = try HandDriven()
    let (runtime, platform) = (simulation.runtime, simulation.platform)
    runtime.spawn { process in
      platform.advance(by: 3_000_000)
      try process.sleep(for: .seconds(9))
    }
    #expect(runtime.step() == .ran)
    guard case .idle(let due?) = runtime.step() else { return #expect(Bool(false), "it has work") }
    runtime.rest(0)
    #expect(platform.now() >= due || runtime.statistics.schedulerSleeps == 1)
    let time = runtime.statistics.schedulers[0].time
    #expect(time[.running] == .milliseconds(3) && time[.sleeping]! >= .seconds(1))
    let expected = Double(3) / (time.values.reduce(.zero, +) / .milliseconds(1))
    #expect(abs(runtime.statistics.schedulers[0].utilization - expected) < 0.001)
    simulation.run()
  }

  @Test(.timeLimit(.minutes(15)))
  func `T8: on threads the activities of a scheduler sum up to the time that has passed, to a few percent`() throws {
    let sleeps = Count()
    _ = try withRuntime(.init(schedulers: 2)) { runtime in
      for number in 0..<4 {
        runtime.spawn { process in
          while sleeps.total < many(200) {
            try process.reduce(number * 10_000)
            try process.sleep(for: .milliseconds(1))
            sleeps.add()
          }
        }
      }
      // The clock is read on both sides of each reading of the statistics, which may itself take long.
      let beforeFirst = ContinuousClock.now
      let first = runtime.statistics
      let afterFirst = ContinuousClock.now
      wait(until: "they have slept", on: runtime) { sleeps.total >= many(200) / 2 }
      let beforeLast = ContinuousClock.now
      let last = runtime.statistics
      let (least, most) = (beforeLast - afterFirst, ContinuousClock.now - beforeFirst)
      for (before, now) in zip(first.schedulers, last.schedulers) where !now.isSpare {
        let time = now.totalTime - before.totalTime
        #expect(time > least * 0.9 && time < most * 1.1, "\(time) of \(least) to \(most): \(now.time)")
        #expect(now.utilization > 0 && now.utilization <= 1)
      }
    }
  }

  @Test func `T9, T10: what one scheduler takes another loses, and each steal was attempted`() throws {
    let statistics = try withRuntime(.init(schedulers: 4)) { runtime in
      for _ in 0..<many(50) {
        runtime.spawn { process in
          for _ in 0..<200 { process.spawn { child in for _ in 0..<20 { try child.reduce(500) } } }
        }
      }
    }
    let schedulers = statistics.schedulers
    let (taken, lost) = (schedulers.map(\.migrationsIn).reduce(0, +), schedulers.map(\.migrationsOut).reduce(0, +))
    #expect(taken == lost && taken == statistics.processesStolen && taken > 0)
    #expect(schedulers.map(\.steals).reduce(0, +) == statistics.steals)
    for scheduler in schedulers {
      #expect(scheduler.stealAttempts >= scheduler.steals && scheduler.migrationsIn >= scheduler.steals)
    }
  }

  @Test func `T9: a steal in a simulation moves half of a queue, and is counted at both ends`() throws {
    let simulation = try HandDriven(.init(schedulers: 2))
    let runtime = simulation.runtime
    let maker = runtime.spawn { process in for _ in 0..<8 { process.spawn { try $0.reduce(1) } } }
    let owner = maker.isAlive && runtime.step(0) == .ran && !maker.isAlive ? 0 : 1
    if owner == 1 { _ = runtime.step(1) }
    #expect(runtime.statistics.schedulers[owner].queues.map(\.length).reduce(0, +) == 8)
    #expect(runtime.step(1 - owner) == .ran)
    let schedulers = runtime.statistics.schedulers
    #expect(schedulers[1 - owner].migrationsIn == 4 && schedulers[owner].migrationsOut == 4)
    #expect(schedulers[1 - owner].steals == 1 && schedulers[owner].queues.map(\.length).reduce(0, +) == 4)
    simulation.run()
  }

  @Test func `T6: a scheduler's statistics say which process runs on it`() throws {
    let simulation = try HandDriven()
    let runtime = simulation.runtime
    let seen = Log<ProcessID?>()
    let processes = (0..<3).map { _ in
      runtime.spawn { process in
        seen.add(runtime.statistics.schedulers[0].running)
        try process.yield()
        seen.add(runtime.statistics.schedulers[0].running)
      }
    }
    simulation.run()
    #expect(seen.entries == processes.map(\.id) + processes.map(\.id))
    #expect(runtime.statistics.schedulers[0].running == nil)
  }
}

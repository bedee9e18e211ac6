// SPDX-License-Identifier: Apache-2.0
//
// What thieves steal and which schedulers they wake, schedulers that fall asleep, and spare schedulers. The tests drive
// the schedulers by hand, one step at a time.

import Foundation
import Joist
import TestSupport
import Testing

@Suite struct StealTests {
  /// Makes a runtime whose first scheduler has `count` processes in its queue; each logs its number.
  private func crowd(_ count: Int, schedulers: Int, _ log: Log<Int>) throws -> HandDriven {
    let simulation = try HandDriven(.init(schedulers: schedulers))
    simulation.runtime.spawn { process in
      for number in 0..<count { process.spawn { _ in log.add(number) } }
    }
    #expect(simulation.runtime.step(0) == .ran)
    return simulation
  }

  @Test func `L2: a thief takes half of a queue, and both are counted`() throws {
    let log = Log<Int>()
    let simulation = try crowd(8, schedulers: 2, log)
    #expect(simulation.runtime.step(1) == .ran)
    let statistics = simulation.runtime.statistics
    #expect(statistics.steals == 1 && statistics.processesStolen == 4)
    // The thief stole four and ran the first; after the other three it steals half of the remaining four.
    for _ in 0..<4 { #expect(simulation.runtime.step(1) == .ran) }
    #expect(log.entries == [0, 1, 2, 3, 4])
    #expect(simulation.runtime.statistics.processesStolen == 6)
  }

  @Test func `L2: a thief that takes several processes wakes another scheduler`() throws {
    let simulation = try crowd(8, schedulers: 3, Log())
    simulation.runtime.markAsleep(2)
    let before = simulation.platform.wakes.total
    #expect(simulation.runtime.step(1) == .ran)
    #expect(simulation.platform.wakes.total == before + 1)
  }

  @Test func `L2: the last scheduler that finds work wakes the next`() throws {
    let simulation = try HandDriven(.init(schedulers: 3))
    let (platform, runtime) = (simulation.platform, simulation.runtime)
    runtime.markAsleep(2)
    // The first process wakes scheduler 1, which searches from then on, so the others wake no scheduler.
    platform.whileWaiting { for _ in 0..<6 { runtime.spawn { _ in } } }
    let before = platform.wakes.total
    runtime.rest(1)
    #expect(platform.wakes.total == before + 1)
    #expect(runtime.step(1) == .ran)
    #expect(platform.wakes.total == before + 2)
  }

  @Test func `I4: a process that is made ready while a scheduler falls asleep is seen after the heavy fence`() throws {
    let simulation = try HandDriven(.init(schedulers: 2))
    let (platform, runtime) = (simulation.platform, simulation.runtime)
    let slept = Count()
    platform.atHeavyFence { runtime.spawn { _ in } }
    platform.whileWaiting { slept.add() }
    runtime.rest(0)
    #expect(slept.total == 0 && runtime.statistics.schedulerSleeps == 0)
    #expect(runtime.step() == .ran)
  }

  @Test func `I4: only a scheduler that falls asleep beside an awake one stops all threads for a fence`() throws {
    let simulation = try HandDriven(.init(schedulers: 2))
    let (platform, runtime) = (simulation.platform, simulation.runtime)
    let before = platform.heavyFences.total
    runtime.rest(0)
    #expect(platform.heavyFences.total == before + 1)
    runtime.markAsleep(1)
    runtime.rest(0)
    #expect(platform.heavyFences.total == before + 1)
    #expect(runtime.statistics.schedulerSleeps == 2)
  }

  @Test func `L2: a process that comes from outside wakes the scheduler that has it in its list`() throws {
    let simulation = try HandDriven(.init(schedulers: 3))
    let (platform, runtime) = (simulation.platform, simulation.runtime)
    runtime.markAsleep(2)
    runtime.spawn { _ in }
    #expect(platform.wakes.total == 1)
    #expect(runtime.step(2) == .ran)
    #expect(runtime.statistics.stealAttempts == 0)
  }

  @Test func `L2: a thief takes what came from outside without stopping all threads for a fence`() throws {
    let simulation = try HandDriven(.init(schedulers: 2))
    let (platform, runtime) = (simulation.platform, simulation.runtime)
    runtime.spawn { _ in }
    let before = platform.heavyFences.total
    #expect(runtime.step(1) == .ran)
    #expect(platform.heavyFences.total == before)
    #expect(runtime.statistics.steals == 1)
  }

  @Test func `S4: remote wake-ups that are stolen are queued by their present priority`() throws {
    let simulation = try HandDriven(.init(schedulers: 2))
    let runtime = simulation.runtime
    let log = Log<String>()
    func waiter(_ name: String, _ priority: Priority) -> ProcessRef<Int> {
      runtime.spawn(Int.self) { process in
        process.setPriority(priority)
        _ = try process.receive()
        log.add(name)
      }
    }
    let all = [waiter("first", .normal), waiter("low", .low), waiter("normal", .normal)]
    simulation.run()
    let even = runtime.spawn(Int.self) { while true { _ = try $0.receive() } }
    simulation.run()
    // Wake-ups from outside go to the schedulers in turn, so scheduler 1 gets none of the three.
    for ref in all {
      ref.send(1)
      even.send(1)
      #expect(runtime.step(1) == .ran)
    }
    #expect(log.entries.isEmpty)
    for _ in 0..<3 { #expect(runtime.step(1) == .ran) }
    #expect(log.entries == ["first", "normal", "low"])
  }

  @Test func `S7: a watchdog that wakes late takes no scheduler for stuck, one that wakes in time does`() throws {
    for (pause, starts) in [(Int64(4_000_000), 1), (50_000_000, 0)] {
      let simulation = try HandDriven(.init(schedulers: 1))
      let (platform, runtime) = (simulation.platform, simulation.runtime)
      runtime.spawn { _ in
        var rounds = WatchdogRounds()
        for _ in 0..<3 {
          runtime.look(&rounds)
          platform.advance(by: pause)
        }
      }
      simulation.run()
      #expect(runtime.statistics.spareStarts == starts)
    }
  }

  @Test func `S7: a scheduler that returns from a long slice can be found stuck again`() throws {
    let simulation = try HandDriven(.init(schedulers: 1))
    let (platform, runtime) = (simulation.platform, simulation.runtime)
    for _ in 0..<3 {
      runtime.spawn { _ in
        var rounds = WatchdogRounds()
        for _ in 0..<3 {
          runtime.look(&rounds)
          platform.advance(by: 4_000_000)
        }
      }
    }
    simulation.run()
    #expect(runtime.statistics.spareStarts == 3)
  }

  @Test func `S7: there are never more spare schedulers than configured`() throws {
    let simulation = try HandDriven(.init(schedulers: 2, spareSchedulers: 1))
    let (platform, runtime) = (simulation.platform, simulation.runtime)
    // Both schedulers are in a process when the watchdog looks, each on a thread of its own.
    runtime.spawn { _ in
      let done = DispatchSemaphore(value: 0)
      Thread.detachNewThread {
        _ = runtime.step(1)
        done.signal()
      }
      done.wait()
    }
    runtime.spawn { _ in
      var rounds = WatchdogRounds()
      for _ in 0..<5 {
        runtime.look(&rounds)
        platform.advance(by: 4_000_000)
      }
    }
    #expect(runtime.step(0) == .ran)
    #expect(runtime.statistics.spareStarts == 1 && runtime.statistics.schedulers.count == 3)
  }
}

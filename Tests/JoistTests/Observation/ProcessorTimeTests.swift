// SPDX-License-Identifier: Apache-2.0
//
// The processor time of processes: computed from reductions, measured in long slices, and no more than schedulers ran.
//
// The tests on real threads compare with the thread's own time and with the clock. Where other programs use the
// processors too, the watchdog may miss a loop for some time; such a test is tried again.

import Foundation
import Joist
import TestSupport
import Testing

extension Duration {
  fileprivate var milliseconds: Double { self / .milliseconds(1) }
}

/// The processor time of the calling thread.
private func threadTime() -> Duration {
  var time = timespec()
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
  return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
}

/// Tries a measurement until it holds, at most ten times, and returns the last words about it; nil if it held.
private func tried(_ measure: () throws -> String?) rethrows -> String? {
  var words: String?
  for _ in 0..<10 {
    words = try measure()
    if words == nil { return nil }
  }
  return words
}

@Suite(.serialized) struct ProcessorTimeTests {
  @Test(.timeLimit(.minutes(15)))
  func `T1: a loop without calls has its processor time within a fifth while it runs`() throws {
    let failure = try tried {
      let (isOver, used) = (Count(), Count())
      var words: String?
      _ = try withRuntime(.init(schedulers: 1)) { runtime in
        let began = ContinuousClock.now
        let process = runtime.spawn { _ in
          let first = threadTime()
          while isOver.total == 0 { used.add(Int((threadTime() - first).milliseconds) - used.total) }
        }
        wait(until: "the loop has run", on: runtime) { used.total >= 300 }
        let shown = try process.statisticsNow().cpuTime.milliseconds
        let least = Double(used.total) * 0.8
        let most = (ContinuousClock.now - began).milliseconds * 1.2
        if shown < least || shown > most { words = "\(shown), must be from \(least) to \(most)" }
        #expect(try process.statisticsNow().slices == 1)
        isOver.add()
      }
      return words
    }
    #expect(failure == nil)
  }

  @Test(.timeLimit(.minutes(15)))
  func `T1: processes that compute alike have alike processor time, and one that sleeps has next to none`() throws {
    let failure = try tried {
      let (isOver, sleeps) = (Count(), Count())
      var words: String?
      _ = try withRuntime(.init(schedulers: 1)) { runtime in
        let equals = (0..<4).map { _ in
          runtime.spawn { process in while isOver.total == 0 { try process.reduce(100) } }
        }
        let sleeper = runtime.spawn { process in
          while isOver.total == 0 {
            try process.sleep(for: .milliseconds(1))
            sleeps.add()
          }
        }
        wait(until: "they have run", on: runtime) { sleeps.total >= 200 }
        let times = try equals.map { try $0.statisticsNow().cpuTime.milliseconds }
        let asleep = try sleeper.statisticsNow().cpuTime.milliseconds
        if times.max()! > 1.25 * times.min()! || asleep > times.min()! / 5 { words = "\(times), asleep \(asleep)" }
        isOver.add()
      }
      return words
    }
    #expect(failure == nil)
  }

  /// Processes that use `costs` nanoseconds a slice on a clock that they advance themselves.
  private func run(_ costs: [Int64], slices: Int) throws -> (times: [Double], running: Double) {
    let simulation = try HandDriven()
    let platform = simulation.platform
    let processes = costs.map { cost in
      simulation.runtime.spawn(Int.self) { process in
        for _ in 0..<slices {
          platform.advance(by: cost)
          try process.reduce(Int(cost / 10))
          try process.yield()
        }
        _ = try process.receive()
      }
    }
    simulation.run()
    let running = simulation.runtime.statistics.schedulers[0].time[.running]!
    return (try processes.map { try $0.statisticsNow().cpuTime.milliseconds }, running.milliseconds)
  }

  @Test func `T1: on a simulated clock the times of processes are those that they took, to a fifth, and sum up`() throws
  {
    let (times, running) = try run([2_000, 2_000, 4_000, 8_000], slices: 2_000)
    for (time, took) in zip(times, [4.0, 4, 8, 16]) { #expect(abs(time - took) < took / 5, "\(times)") }
    #expect(abs(times[0] - times[1]) < 0.01)
    #expect(running == 32 && times.reduce(0, +) <= running * 1.02, "\(times)")
  }

  @Test(.timeLimit(.minutes(15)))
  func `T1: the times of all processes together are no more than schedulers ran`() throws {
    let failure = try tried {
      let isOver = Count()
      var words: String?
      _ = try withRuntime(.init(schedulers: 2)) { runtime in
        let slices = Count()
        for number in 0..<6 {
          runtime.spawn { process in
            while isOver.total == 0 {
              for _ in 0..<number * 1_000 { slices.add(0) }
              slices.add()
              if number == 5 { try process.sleep(for: .milliseconds(1)) } else { try process.reduce(500) }
            }
          }
        }
        wait(until: "they have run", on: runtime) { slices.total > 5_000 }
        let used = runtime.processStatistics.reduce(0) { $0 + $1.cpuTime.milliseconds }
        let ran = runtime.statistics.schedulers.reduce(0) { $0 + $1.time[.running]!.milliseconds }
        if used > ran * 1.1 || used < ran / 2 { words = "\(used) of \(ran)" }
        isOver.add()
      }
      return words
    }
    #expect(failure == nil)
  }
}

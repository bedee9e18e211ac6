// SPDX-License-Identifier: Apache-2.0
//
// The cheap clock goes back, as when a virtual machine is restored or moved to another host.

import Joist
import TestSupport
import Testing

@Suite struct ClockTests {
  /// Spawns a process that always has work, so that its scheduler never sleeps until the next deadline.
  private func keepBusy(_ runtime: ProcessRuntime) {
    runtime.spawn { process in while true { try process.yield() } }
  }

  @Test func `S3: timers fire in time even if the cheap clock has gone back`() throws {
    let simulation = try HandDriven()
    let woken = Count()
    keepBusy(simulation.runtime)
    simulation.platform.advance(by: 3_600_000_000_000)
    for _ in 0..<1_000 { _ = simulation.runtime.step(0) }
    for passing in [7_000_000, 6_000_000] as [Int64] {
      let before = woken.total
      let receiver = simulation.runtime.spawn(Int.self) { process in
        _ = try process.receive()
        woken.add()
      }
      simulation.runtime.spawn { process in
        process.sendAfter(.milliseconds(5), to: receiver, 1)
        try process.sleep(for: .milliseconds(5))
        woken.add()
      }
      for _ in 0..<1_000 { _ = simulation.runtime.step(0) }
      simulation.platform.resetTicks()
      simulation.platform.advance(by: passing)
      for _ in 0..<1_000 { _ = simulation.runtime.step(0) }
      #expect(woken.total == before + 2)
    }
  }

  @Test func `S3: a runtime's clock shows the time by which its timers pass`() throws {
    let simulation = try HandDriven()
    let (runtime, log) = (simulation.runtime, Log<Duration>())
    let began = runtime.now
    runtime.spawn { process in
      let start = process.now
      try process.sleep(for: .seconds(5))
      log.add(process.now - start)
    }
    simulation.run()
    let slept = try #require(log.entries.first)
    #expect(slept >= .seconds(5) && slept < .milliseconds(5_001))
    #expect(runtime.now - began >= slept && runtime.now > began)
    let century = Duration.seconds(100 * 366 * 86_400)
    #expect(began + century - century == began && began.advanced(by: century * 10) > began)
    #expect(began - began.advanced(by: .seconds(1)) == .seconds(-1))
  }

  @Test func `P1: a process that has waited long leaves its stack even if the cheap clock has gone back`() throws {
    let simulation = try HandDriven()
    for _ in 0..<200 { simulation.runtime.spawn(Int.self) { process in _ = try process.receive() } }
    keepBusy(simulation.runtime)
    simulation.platform.advance(by: 3_600_000_000_000)
    for _ in 0..<1_000 { _ = simulation.runtime.step(0) }
    let before = simulation.runtime.statistics.framesSaved
    simulation.platform.resetTicks()
    for _ in 0..<400 {
      simulation.platform.advance(by: 10_000_000)
      for _ in 0..<50 { _ = simulation.runtime.step(0) }
    }
    let statistics = simulation.runtime.statistics
    // Where a guard splits a mapping, other runtimes of the program may have left only the first stack slots for this
    // one, and those are not reclaimed.
    #expect(statistics.slotsMade <= 64 || statistics.framesSaved > before + 50)
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// The end of a runtime, step by step: what a shutdown looks for, and which waits it ends.

import Joist
import TestSupport
import Testing

@Suite struct RuntimeEndTests {
  @Test func `L1: a shutdown passes the heavy fence before it tells any process to exit`() throws {
    let simulation = try HandDriven()
    let states = Log<ProcessState?>()
    let process = simulation.runtime.spawn(Int.self) { _ = try $0.receive() }
    simulation.run()
    simulation.platform.atHeavyFence { states.add(process.snapshot?.state) }
    simulation.platform.whileWaiting { simulation.run() }
    #expect(simulation.runtime.shutdown().isEmpty)
    #expect(states.entries == [.waiting])
  }

  @Test func `L1: the end of the last process wakes the thread that waits in shutdown`() throws {
    let simulation = try HandDriven()
    let woken = Log<Int>()
    for _ in 0..<2 { simulation.runtime.spawn(Int.self) { _ = try $0.receive() } }
    simulation.run()
    simulation.platform.whileWaiting {
      let before = simulation.platform.wakes.total
      simulation.run()
      woken.add(simulation.platform.wakes.total - before)
    }
    #expect(simulation.runtime.shutdown().isEmpty)
    #expect(woken.entries == [1])
  }

  @Test func `L1: a wait until a runtime is idle is over when the runtime is, whether it was idle or not`() throws {
    let simulation = try HandDriven()
    // Its only scheduler never sleeps, so this runtime is never idle.
    #expect(!simulation.runtime.waitUntilIdle(timeout: .seconds(1)))
    #expect(simulation.runtime.shutdown().isEmpty)
    #expect(simulation.runtime.waitUntilIdle(timeout: .seconds(1)))
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// Processes that wait without a stack slot.

import Joist
import TestSupport
import Testing

@Suite struct HibernateTests {
  @Test func `S3: a process that hibernates leaves its stack slot, and its frames are restored`() throws {
    let simulation = try HandDriven(.init(schedulers: 1, slots: 1))
    let log = Log<Int>()
    let sleeper = simulation.runtime.spawn(Int.self) { process in
      let numbers = (0..<100).map { $0 * $0 }
      try process.hibernate()
      log.add(numbers.reduce(0, +))
      log.add(try process.receive())
    }
    simulation.run()
    #expect(simulation.runtime.statistics.framesSaved == 1 && sleeper.snapshot?.waitReason == .receive)
    simulation.runtime.spawn { process in
      try process.sleep(for: .seconds(1))
      log.add(1)
    }
    simulation.run()
    // No frames had to be saved for the other process.
    #expect(simulation.runtime.statistics.framesSaved == 1)
    sleeper.send(2)
    simulation.run()
    #expect(log.entries == [1, 328_350, 2])
  }

  @Test func `P1: saved frames take a block that is large enough, and little larger`() {
    for bytes in 1...5_000 {
      let block = ProcessRuntime.savedFramesBlock(for: bytes)
      #expect(block >= bytes && block < max(bytes + 16, bytes > 1_024 ? 2 * bytes : 0))
    }
  }

  @Test(.threadsAndSeeds)
  func `S3: hundreds of processes that hibernate all wake`() throws {
    let (rounds, each) = (size(10, seeds: 2), size(100, seeds: 12))
    let sum = Count()
    _ = try onRuntime(slots: 8) { runtime in
      for _ in 0..<rounds {
        let processes = (0..<each).map { number in
          runtime.spawn(Int.self) { process in
            for _ in 0..<3 {
              try process.hibernate()
              sum.add(try process.receive() + number)
            }
          }
        }
        for _ in 0..<3 { for process in processes { process.send(1) } }
      }
    }
    #expect(sum.total == rounds * 3 * (each + each * (each - 1) / 2))
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// Processes that wait without a slot.

import Joist
import TestSupport
import Testing

@Suite struct HibernateTests {
  @Test func `S3: a process that hibernates leaves its slot, and finds its frames again`() throws {
    let simulation = try HandDriven(.init(schedulers: 1, slots: 1))
    let log = Log<Int>()
    let sleeper = simulation.runtime.spawn(Int.self) { process in
      let numbers = (0..<100).map { $0 * $0 }
      try process.hibernate()
      log.add(numbers.reduce(0, +))
      log.add(try process.receive())
    }
    simulation.run()
    #expect(simulation.runtime.statistics.copiesOut == 1 && sleeper.info?.waitReason == .receive)
    simulation.runtime.spawn { process in
      try process.sleep(for: .seconds(1))
      log.add(1)
    }
    simulation.run()
    // Nobody had to be moved for the other one.
    #expect(simulation.runtime.statistics.copiesOut == 1)
    sleeper.send(2)
    simulation.run()
    #expect(log.entries == [1, 328_350, 2])
  }

  @Test(arguments: schedulerCounts)
  func `S3: processes that hibernate by the hundred all wake`(schedulers: Int) throws {
    let sum = Count()
    _ = try withRuntime(.init(schedulers: schedulers, slots: 8)) { runtime in
      for _ in 0..<10 {
        let processes = (0..<100).map { number in
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
    #expect(sum.total == 10 * 3 * (100 + 4_950))
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// Suspend and resume from outside.

import Joist
import TestSupport
import Testing

@Suite struct SuspendTests {
  @Test func `L3: a suspended process does not run until every suspend is taken back`() throws {
    let simulation = try HandDriven()
    let count = Count()
    let process = simulation.runtime.spawn(Int.self) { process in
      while true { count.add(try process.receive()) }
    }
    simulation.run()
    process.suspend()
    process.suspend()
    #expect(process.info?.state == .suspended && process.info?.suspends == 2)
    process.send(1)
    simulation.run()
    process.resume()
    simulation.run()
    #expect(count.total == 0)
    process.resume()
    simulation.run()
    #expect(count.total == 1)
    #expect(process.info?.state == .waiting)
  }

  @Test func `L3: a running process is suspended at its next suspension point`() throws {
    let simulation = try HandDriven()
    let count = Count()
    let process = simulation.runtime.spawn { process in
      while true {
        count.add()
        try process.yield()
      }
    }
    _ = simulation.runtime.step()
    process.suspend()
    for _ in 0..<10 { _ = simulation.runtime.step() }
    let held = count.total
    #expect(held <= 2)
    for _ in 0..<10 { _ = simulation.runtime.step() }
    #expect(count.total == held)
    process.resume()
    for _ in 0..<10 { _ = simulation.runtime.step() }
    #expect(count.total > held)
  }

  @Test func `L3: a timeout that comes while suspended is kept`() throws {
    let simulation = try HandDriven()
    let log = Log<String>()
    let process = simulation.runtime.spawn { process in
      try process.sleep(for: .milliseconds(5))
      log.add("awake")
    }
    simulation.run(passingTime: false)
    process.suspend()
    simulation.platform.advance(by: 1_000_000_000)
    simulation.run()
    #expect(log.entries.isEmpty)
    process.resume()
    simulation.run(passingTime: false)
    #expect(log.entries == ["awake"])
  }

  @Test func `L3: an exit resumes`() throws {
    let simulation = try HandDriven()
    let log = Log<String>()
    let process = simulation.runtime.spawn(Int.self) { process in
      defer { log.add("unwound") }
      _ = try process.receive()
    }
    simulation.run()
    process.suspend()
    process.exit()
    simulation.run()
    #expect(log.entries == ["unwound"] && !process.isAlive)
  }

  @Test(.threadsAndSeeds)
  func `L3: suspends and resumes at random lose no message`() throws {
    let (pairs, each) = (size(10, seeds: 2), size(1_000, seeds: 25))
    let sum = Count()
    let statistics = try onRuntime(slots: 4) { runtime in
      for _ in 0..<pairs {
        let receiver = runtime.spawn(Int.self) { process in
          for _ in 0..<each { sum.add(try process.receive()) }
        }
        runtime.spawn { process in
          for number in 0..<each {
            if number % 7 == 0 { receiver.suspend() }
            receiver.send(1)
            if number % 7 == 3 { receiver.resume() }
            if number % 11 == 0 { try process.yield() }
          }
          receiver.resume()
        }
      }
    }
    #expect(sum.total == pairs * each)
    #expect(statistics.messagesReceived == UInt64(pairs * each))
  }
}

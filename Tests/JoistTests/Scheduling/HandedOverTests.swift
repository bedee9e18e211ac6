// SPDX-License-Identifier: Apache-2.0
//
// The turns of processes that yield, that sleep for zero time, and that wait to send into a channel that is closed.

import Joist
import TestSupport
import Testing

@Suite struct HandedOverTests {
  @Test func `S4: a process that yields stays ahead of less urgent work`() throws {
    let log = Log<String>()
    _ = try withRuntime(.init(schedulers: 1, spareSchedulers: 0)) { runtime in
      runtime.spawn { process in
        process.spawn(options: .init(priority: .low)) { _ in log.add("low") }
        for _ in 0..<50 {
          try process.yield()
          log.add("normal")
        }
      }
    }
    #expect(log.entries == Array(repeating: "normal", count: 50) + ["low"])
  }

  @Test func `S3: a sleep of zero lets other processes run`() throws {
    let simulation = try HandDriven()
    let log = Log<Int>()
    for number in 0..<2 {
      simulation.runtime.spawn { process in
        for _ in 0..<2 {
          log.add(number)
          try process.sleep(for: .zero)
        }
      }
    }
    simulation.run()
    #expect(log.entries == [0, 1, 0, 1])
  }

  @Test func `S3: all processes that wait to send into a channel are told when it is closed`() throws {
    let simulation = try HandDriven()
    let log = Log<String>()
    let channel = ProcessChannel<Int>(capacity: 1)
    for number in 0..<4 {
      simulation.runtime.spawn { _ in
        do {
          try channel.send(number)
          log.add("sent")
        } catch is ChannelClosed { log.add("closed") }
      }
    }
    simulation.run()
    #expect(log.entries == ["sent"])
    channel.close()
    simulation.run()
    #expect(log.entries == ["sent", "closed", "closed", "closed"])
  }

  @Test func `I4: one visitor at a time enters a queue, after the heavy fence`() throws {
    let platform = HandDrivenPlatform()
    let lock = OwnedLock(forTests: ())
    let before = platform.heavyFences.total
    let first = lock.tryEnter(platform)
    #expect(platform.heavyFences.total == before + 1)
    let second = lock.tryEnter(platform)
    let owner = lock.tryLock()
    lock.leave()
    let ownerAfter = lock.tryLock()
    lock.unlock()
    #expect(first && !second && !owner && ownerAfter)
  }

  @Test func `S3: a repeating timer that fired late keeps its grid`() throws {
    let simulation = try HandDriven()
    let came = Count()
    let ref = simulation.runtime.spawn(Int.self) { process in while true { came.add(try process.receive()) } }
    simulation.run()
    simulation.runtime.sendEvery(.milliseconds(10), to: ref) { 1 }
    // The first message comes three milliseconds late; the second is due at twenty milliseconds.
    for (time, count) in [(13, 1), (8, 2), (8, 2), (2, 3)] {
      simulation.platform.advance(by: Int64(time) * 1_000_000)
      simulation.run(passingTime: false)
      #expect(came.total == count)
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// Processes that are suspended and resumed from outside.

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
    #expect(process.snapshot?.state == .suspended && process.snapshot?.suspends == 2)
    process.send(1)
    simulation.run()
    process.resume()
    simulation.run()
    #expect(count.total == 0)
    process.resume()
    simulation.run()
    #expect(count.total == 1)
    #expect(process.snapshot?.state == .waiting)
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

  @Test func `L3: a timeout that expires while its process is suspended is not lost`() throws {
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

  @Test func `L3: an exit signal resumes a suspended process`() throws {
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

  @Test(arguments: ["returns", "throws", "is told", "is killed", "is abandoned", "crashes"])
  func `L3: processes that a process has suspended go on when it ends, however it ends`(end: String) throws {
    let simulation = try HandDriven()
    let count = Count()
    let others = (0..<3).map { _ in
      simulation.runtime.spawn(Int.self) { process in
        while true { count.add(try process.receive()) }
      }
    }
    let suspender = simulation.runtime.spawn(Int.self) { process in
      for other in others { for _ in 0..<3 { other.suspend() } }
      others[0].resume()
      for other in others { other.send(1) }
      let message = try process.receive()
      switch end {
      case "throws": throw Told()
      case "is abandoned": while true { _ = try? process.receive() }
      case "crashes": print(Int.max - 1 + message)
      default: break
      }
    }
    simulation.run()
    #expect(count.total == 0 && others.map { $0.snapshot?.suspends } == [2, 3, 3])
    switch end {
    case "is told": suspender.exit()
    case "is killed": suspender.exit(.killed)
    case "is abandoned":
      suspender.send(2)
      simulation.run()
      suspender.exit(.killed)
    default: suspender.send(2)
    }
    simulation.run()
    #expect(count.total == 3 && others.map { $0.snapshot?.suspends } == [0, 0, 0] && !suspender.isAlive)
  }

  @Test func `L3: a process stays suspended while one suspender lives, and no other process takes its suspend back`()
    throws
  {
    let simulation = try HandDriven()
    let count = Count()
    let other = simulation.runtime.spawn(Int.self) { process in
      while true { count.add(try process.receive()) }
    }
    let suspenders = (0..<3).map { _ in
      simulation.runtime.spawn(Int.self) { process in
        other.suspend()
        while try process.receive() > 0 { other.resume() }
      }
    }
    simulation.run()
    other.send(1)
    // Neither a thread nor a process that has made no suspend has one to take back.
    other.resume()
    simulation.runtime.spawn { _ in other.resume() }
    simulation.run()
    #expect(other.snapshot?.suspends == 3)
    // The first resume takes its own suspend back; the others find none of its own.
    for _ in 0..<3 { suspenders[0].send(1) }
    simulation.run()
    #expect(other.snapshot?.suspends == 2)
    suspenders[1].exit(.killed)
    suspenders[0].send(0)
    simulation.run()
    #expect(other.snapshot?.suspends == 1 && count.total == 0)
    suspenders[2].send(0)
    simulation.run()
    #expect(other.snapshot?.suspends == 0 && count.total == 1)
  }

  @Test func `L3: a process that a thread has suspended stays suspended when others end, and any caller may resume it`()
    throws
  {
    let simulation = try HandDriven()
    let other = simulation.runtime.spawn(Int.self) { process in while true { _ = try process.receive() } }
    simulation.run()
    other.suspend()
    other.suspend()
    simulation.runtime.spawn { _ in
      other.suspend()
      other.resume()
      other.suspend()
    }
    simulation.run()
    #expect(other.snapshot?.suspends == 2)
    simulation.runtime.spawn { _ in other.resume() }
    simulation.run()
    #expect(other.snapshot?.suspends == 1)
    other.resume()
    #expect(other.snapshot?.suspends == 0 && other.snapshot?.state != .suspended)
  }

  @Test func `L3: an exit takes suspends back, and their suspender takes back none made later`() throws {
    let simulation = try HandDriven()
    let log = Log<String>()
    let other = simulation.runtime.spawn(Int.self) { process in
      process.trapExits { _ in 0 }
      while true { log.add("\(try process.receive())") }
    }
    let suspender = simulation.runtime.spawn(Int.self) { process in
      other.suspend()
      other.suspend()
      while try process.receive() > 0 { other.resume() }
    }
    simulation.run()
    other.send(1)
    simulation.run()
    #expect(log.entries.isEmpty)
    other.exit(.shutdown)
    simulation.run()
    #expect(log.entries == ["1", "0"] && other.snapshot?.suspends == 0)
    other.suspend()
    suspender.send(1)
    simulation.run()
    // The suspender has none of its own any more, so its resume took the thread's back.
    #expect(other.snapshot?.suspends == 0)
    other.suspend()
    suspender.send(0)
    simulation.run()
    #expect(!suspender.isAlive && other.snapshot?.suspends == 1)
  }

  @Test func `L3: a process that was told to exit ends even if it is suspended after that`() throws {
    let simulation = try HandDriven()
    let log = Log<String>()
    let process = simulation.runtime.spawn(Int.self) { process in
      defer { log.add("unwound") }
      while true { _ = try process.receive() }
    }
    simulation.run()
    process.exit()
    process.suspend()
    simulation.run()
    #expect(log.entries == ["unwound"] && !process.isAlive)
  }

  @Test func `L3: a suspender forgets processes that have ended, and resumes none that has their record later`() throws
  {
    let simulation = try HandDriven()
    let bytes = Log<Int>()
    let suspender = simulation.runtime.spawn(Int.self) { process in
      for _ in 0..<1_000 {
        let victim = process.spawn(Int.self) { victim in _ = try victim.receive() }
        victim.suspend()
        victim.exit(.killed)
        try process.yield()
        bytes.add(process.ref.snapshot?.memory.other ?? 0)
      }
      _ = try process.receive()
    }
    simulation.run()
    let later = simulation.runtime.spawn(Int.self) { process in _ = try process.receive() }
    later.suspend()
    suspender.send(1)
    simulation.run()
    #expect(!suspender.isAlive && later.snapshot?.suspends == 1)
    #expect(bytes.entries.count == 1_000 && bytes.entries.max()! < 4_096)
  }

  @Test(.threadsAndSeeds)
  func `L3: suspenders that end at any moment leave no process suspended`() throws {
    let (count, each) = (size(8, seeds: 3), size(200, seeds: 5))
    let sum = Count()
    _ = try onRuntime(slots: 4) { runtime in
      let receivers = (0..<count).map { _ in
        runtime.spawn(Int.self) { process in
          for _ in 0..<each * count { sum.add(try process.receive()) }
        }
      }
      for number in 0..<count {
        runtime.spawn { process in
          for round in 0..<each {
            let suspender = process.spawn { suspender in
              for receiver in receivers { receiver.suspend() }
              if round % 3 == 0 { receivers[number].resume() }
              try suspender.yield()
              if round % 3 == 1 { throw Told() }
            }
            for receiver in receivers { receiver.send(1) }
            if round % 4 == 3 { suspender.exit(.killed) }
            if round % 2 == 1 { try process.yield() }
          }
        }
      }
    }
    #expect(sum.total == count * count * each)
  }

  @Test(.threadsAndSeeds)
  func `L3: random suspends and resumes lose no message`() throws {
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

private struct Told: Error {}

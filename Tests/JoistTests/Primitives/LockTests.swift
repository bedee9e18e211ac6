// SPDX-License-Identifier: Apache-2.0
//
// Locks that may be held across a receive, and channels.

import Joist
import TestSupport
import Testing

@Suite struct LockTests {
  @Test(.threadsAndSeeds)
  func `S3: one process at a time holds a lock, even if bodies suspend in it`() throws {
    let (processes, each, own) = (size(50, seeds: 6), size(40, seeds: 3), size(500, seeds: 5))
    let lock = ProcessLock(0)
    _ = try onRuntime(slots: 4) { runtime in
      for _ in 0..<processes {
        runtime.spawn { process in
          for _ in 0..<each {
            try lock.withLock { value in
              let before = value
              try process.yield()
              value = before + 1
            }
          }
        }
      }
      for _ in 0..<own { lock.withLock { $0 += 1 } }
    }
    let total = lock.withLock { $0 }
    #expect(total == processes * each + own && lock.owner == nil && !lock.isInconsistent)
  }

  @Test func `S3: a lock goes to its waiters in order, and names its holder`() throws {
    let simulation = try HandDriven()
    let log = Log<Int>()
    let lock = ProcessLock([Int]())
    let processes = (0..<5).map { number in
      simulation.runtime.spawn { process in
        try lock.withLock { list in
          list.append(number)
          log.add(number)
          try process.sleep(for: .seconds(1))
        }
      }
    }
    simulation.run(passingTime: false)
    #expect(lock.owner == processes[0].id && processes[1].snapshot?.waitReason == .turn)
    simulation.run()
    #expect(log.entries == [0, 1, 2, 3, 4])
  }

  @Test func `S3: exchange moves an object graph into a lock and out of it`() throws {
    let tracker = Tracker()
    let lock = ProcessLock<Tracked?>(nil)
    #expect(lock.exchange(Tracked(tracker, 1)) == nil)
    let back = lock.exchange(Tracked(tracker, 2))
    #expect(back?.number == 1 && tracker.count == 2)
  }

  @Test func `S3: an exit in a body releases the lock; a waiter told to exit gets the lock first, then ends`() throws {
    let simulation = try HandDriven()
    let log = Log<Int>()
    let lock = ProcessLock(0)
    let holder = simulation.runtime.spawn { process in try lock.withLock { _ in try process.sleep(for: .seconds(9)) } }
    simulation.run(passingTime: false)
    let waiter = simulation.runtime.spawn { process in
      lock.withLock { _ in log.add(1) }
      try process.yield()
      log.add(2)
    }
    simulation.run(passingTime: false)
    waiter.exit()
    simulation.run(passingTime: false)
    #expect(waiter.isAlive)
    holder.exit()
    simulation.run()
    #expect(log.entries == [1] && !waiter.isAlive && !holder.isAlive)
  }

  @Test func `S3: a waiter that is killed leaves the wait queue`() throws {
    let simulation = try HandDriven()
    let lock = ProcessLock(0)
    let holder = simulation.runtime.spawn { process in try lock.withLock { _ in try process.sleep(for: .seconds(9)) } }
    simulation.run(passingTime: false)
    let waiter = simulation.runtime.spawn { _ in lock.withLock { $0 = 1 } }
    simulation.run(passingTime: false)
    waiter.exit(.killed)
    simulation.run(passingTime: false)
    #expect(!waiter.isAlive)
    holder.exit()
    simulation.run()
    let value = lock.withLock { $0 }
    #expect(value == 0 && simulation.runtime.statistics.processesAbandoned == 1)
  }

  @Test func `S3: a lock whose holder was killed passes to the next waiter and is marked inconsistent`() throws {
    let simulation = try HandDriven()
    let got = Count()
    let (outer, inner) = (ProcessLock(0), ProcessLock(0))
    let holder = simulation.runtime.spawn(Int.self) { process in
      outer.withLock { _ in
        inner.withLock { _ in
          while true { _ = try? process.receive() }
        }
      }
    }
    simulation.run()
    simulation.runtime.spawn { _ in
      inner.withLock { _ in got.add() }
      outer.withLock { _ in got.add() }
    }
    simulation.run()
    #expect(got.total == 0)
    holder.exit(.killed)
    simulation.run()
    #expect(!holder.isAlive && got.total == 2 && inner.isInconsistent && outer.isInconsistent)
    inner.markConsistent()
    #expect(!inner.isInconsistent)
  }

  @Test func `S3: taking a lock that the process already holds ends it with a message, and the lock is passed on`()
    throws
  {
    let lock = ProcessLock(0)
    let sentence = "took a lock again that it holds"
    #expect(try saying(sentence) { _ in lock.withLock { _ in lock.withLock { $0 = 1 } } }.contains(sentence))
    #expect(lock.isInconsistent && lock.withLock { $0 } == 0)
  }
}

@Suite struct ChannelTests {
  @Test(.threadsAndSeeds)
  func `S3: elements that processes and threads send into a channel come out once, in order`() throws {
    let (processes, each) = (size(10, seeds: 3), size(200, seeds: 5))
    let sum = Count()
    let disorder = Count()
    let channel = ProcessChannel<(sender: Int, number: Int)>(capacity: 3)
    _ = try onRuntime(slots: 4) { runtime in
      runtime.spawn { _ in
        var last = [Int](repeating: 0, count: processes + 1)
        while let (sender, number) = try channel.receive() {
          if number != last[sender] + 1 { disorder.add() }
          last[sender] = number
          sum.add(number)
        }
      }
      let senders = (0..<processes).map { sender in
        runtime.spawn { _ in for number in 1...each { try channel.send((sender, number)) } }
      }
      for number in 1...each { try channel.send((processes, number)) }
      for sender in senders { _ = sender.joinBlocking() }
      channel.close()
    }
    #expect(sum.total == (processes + 1) * each * (each + 1) / 2 && disorder.total == 0)
  }

  @Test func `S3: a closed channel returns its elements, then nil, and accepts no more`() throws {
    let simulation = try HandDriven()
    let log = Log<Int?>()
    let refused = Count()
    let channel = ProcessChannel<Int>(capacity: 2)
    simulation.runtime.spawn { _ in
      do { for number in 1...9 { try channel.send(number) } } catch is ChannelClosed { refused.add() }
    }
    simulation.run()
    channel.close()
    channel.close()
    simulation.run()
    #expect(refused.total == 1 && channel.count == 2)
    simulation.runtime.spawn { _ in for _ in 0..<4 { log.add(try channel.receive()) } }
    simulation.run()
    #expect(log.entries == [1, 2, nil, nil])
    #expect(throws: ChannelClosed.self) { _ = try channel.trySend(1) }
  }

  @Test func `S3: every element of a channel is destroyed once, whichever process dies`() throws {
    let simulation = try HandDriven()
    let tracker = Tracker()
    var channel: ProcessChannel<Tracked>? = ProcessChannel<Tracked>(capacity: 2)
    let sender = simulation.runtime.spawn { [channel = channel!] _ in
      while true { try channel.send(Tracked(tracker)) }
    }
    simulation.run()
    #expect(tracker.count == 3)
    sender.exit()
    simulation.run()
    #expect(tracker.count == 2 && channel!.tryReceive() != nil && tracker.count == 1)
    channel = nil
    #expect(tracker.count == 0)
  }

  @Test func `S3: waits at a channel end with their timeout`() throws {
    let simulation = try HandDriven()
    let log = Log<Bool>()
    let channel = ProcessChannel<Int>(capacity: 1)
    simulation.runtime.spawn { _ in
      log.add(try channel.receive(timeout: .seconds(1)) == nil)
      log.add(try channel.send(1, timeout: .seconds(1)))
      log.add(try channel.send(2, timeout: .seconds(1)))
      log.add(try channel.trySend(3))
      log.add(channel.tryReceive() == 1)
    }
    simulation.run()
    #expect(log.entries == [true, true, false, false, true])
  }
}

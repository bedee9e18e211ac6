// SPDX-License-Identifier: Apache-2.0
//
// Messages are moved, stay in order, can be selected, and are destroyed exactly once.

import CFaultProbe
import Joist
import TestSupport
import Testing

@Suite struct MessageTests {
  @Test(.threadsAndSeeds)
  func `M4: messages of each sender arrive in the order in which it sent them`() throws {
    let (senders, each) = (size(8, seeds: 3), size(2_000, seeds: 12))
    let wrong = Count()
    _ = try onRuntime(slots: 3) { runtime in
      let receiver = runtime.spawn((Int, Int).self) { process in
        var next = [Int](repeating: 0, count: senders)
        for _ in 0..<senders * each {
          let (sender, number) = try process.receive()
          if next[sender] != number { wrong.add() }
          next[sender] += 1
        }
      }
      for sender in 0..<senders {
        runtime.spawn { process in
          for number in 0..<each {
            receiver.send((sender, number))
            try process.reduce(10)
          }
        }
      }
    }
    #expect(wrong.total == 0)
  }

  #if !DEBUG  // Unspecialized code calls malloc itself.
    @Test func `M1: a million messages of sixteen bytes, sent back and forth, never call malloc`() throws {
      let calls = Log<Int64>()
      let trips = many(500_000)
      _ = try withRuntime(.init(schedulers: 1)) { runtime in
        runtime.spawn((Int, Int).self) { process in
          let here = process.ref
          let other = process.spawn((Int, Int).self) { other in
            while true {
              let (number, twice) = try other.receive()
              here.send((number + 1, twice))
            }
          }
          var before: Int64 = 0
          // The first messages fill the caches of the scheduler.
          for number in -1_000..<trips {
            if number == 0 { before = probe_malloc_calls() }
            other.send((number, 2 * number))
            _ = try process.receive()
          }
          calls.add(probe_malloc_calls() - before)
          other.exit()
        }
      }
      #expect(calls.entries == [0])
    }

    @Test func `M1: destroying a message, of a type with references or without, never calls malloc`() throws {
      let calls = Log<Int64>()
      _ = try withRuntime(.init(schedulers: 1)) { runtime in
        runtime.spawn((Tracked?, Int).self) { process in
          let other = process.spawn(SIMD8<Int>.self) { other in _ = try other.receive() }
          var before: Int64 = 0
          for number in -1_000..<10_000 {
            if number == 0 { before = probe_malloc_calls() }
            _ = process.cancel(process.sendAfter(.seconds(60), to: process.ref, (nil, number)))
            _ = process.cancel(process.sendAfter(.seconds(60), to: other, SIMD8(repeating: number)))
          }
          calls.add(probe_malloc_calls() - before)
          other.exit()
        }
      }
      #expect(calls.entries == [0])
    }
  #endif

  @Test func `M1: a class graph is moved, not copied`() throws {
    let tracker = Tracker()
    let same = Count()
    _ = try withRuntime { runtime in
      let receiver = runtime.spawn(Tracked.self) { process in
        let head = try process.receive()
        same.add(head.number + head.next!.number)
      }
      receiver.send(Tracked(tracker, 1, next: Tracked(tracker, 2)))
    }
    #expect(same.total == 3)
    #expect(tracker.count == 0)
  }

  @Test(.threadsAndSeeds)
  func `M1: a message is destroyed exactly once, whichever process dies`() throws {
    let tracker = Tracker()
    let rounds = size(200, seeds: 12)
    let statistics = try onRuntime(slots: 8) { runtime in
      for round in 0..<rounds {
        let receiver = runtime.spawn(Tracked.self) { process in
          for _ in 0..<round % 5 { _ = try process.receive() }
        }
        runtime.spawn { process in
          for number in 0..<10 {
            receiver.send(Tracked(tracker, number))
            if number == round % 10 { receiver.exit() }
          }
        }
      }
    }
    #expect(tracker.count == 0)
    let ended = statistics.messagesReceived + statistics.messagesDestroyed + statistics.messagesDropped
    #expect(statistics.messagesSent == ended)
  }

  @Test(arguments: [ExitReason.shutdown, .killed])
  func `M1: a message that wakes a process that is then told to exit is destroyed once`(reason: ExitReason) throws {
    let simulation = try HandDriven()
    let tracker = Tracker()
    let selective = simulation.runtime.spawn(Tracked.self) { process in
      _ = try process.receive { $0.number == 2 }
    }
    let plain = simulation.runtime.spawn(Tracked.self) { process in while true { _ = try process.receive() } }
    simulation.run()
    for receiver in [selective, plain] {
      receiver.send(Tracked(tracker, 1))
      receiver.exit(reason)
      receiver.send(Tracked(tracker, 2))
    }
    simulation.run()
    let statistics = simulation.runtime.statistics
    #expect(tracker.count == 0 && simulation.runtime.processes.isEmpty)
    #expect(statistics.messagesReceived + statistics.messagesDestroyed + statistics.messagesDropped == 4)
  }

  @Test func `M1: a message to a dead process is dropped, destroyed and counted`() throws {
    let tracker = Tracker()
    let statistics = try withRuntime { runtime in
      let dead = runtime.spawn(Tracked.self) { _ in }
      runtime.waitUntilIdle()
      for _ in 0..<100 { dead.send(Tracked(tracker)) }
      #expect(tracker.count == 0)
    }
    #expect(statistics.messagesDropped == 100)
  }

  @Test func `M1: messages of every size and alignment arrive whole`() throws {
    let good = Count()
    _ = try withRuntime { runtime in
      let large = runtime.spawn(Large.self) { process in
        let value = try process.receive()
        if value.numbers[0] == 1 && value.numbers[299] == 300 { good.add() }
      }
      var numbers = InlineArray<300, Int>(repeating: 0)
      for index in 0..<300 { numbers[index] = index + 1 }
      large.send(Large(numbers: numbers))
      let wide = runtime.spawn(SIMD32<Double>.self) { process in
        if try process.receive().sum() == 64 { good.add() }
      }
      runtime.spawn { _ in wide.send(SIMD32(repeating: 2)) }
      let empty = runtime.spawn(Void.self) { process in
        try process.receive()
        good.add()
      }
      empty.send(())
    }
    #expect(good.total == 3)
  }

  private struct Large { var numbers: InlineArray<300, Int> }

  @Test func `M3: receive takes the first message that matches and leaves the others in order`() throws {
    let log = Log<Int>()
    _ = try withRuntime { runtime in
      let receiver = runtime.spawn(Int.self) { process in
        log.add(try process.receive(where: { $0 > 10 }))
        log.add(try process.receive(matching: { $0 % 2 == 0 ? $0 * 100 : nil }))
        for _ in 0..<2 { log.add(try process.receive()) }
      }
      for number in [1, 2, 3, 11] { receiver.send(number) }
    }
    #expect(log.entries == [11, 200, 1, 3])
  }

  @Test func `M3: a receive with a timeout returns nil when no message matches in time`() throws {
    let simulation = try HandDriven()
    let log = Log<String>()
    let began = simulation.platform.now()
    let receiver = simulation.runtime.spawn(Int.self) { [platform = simulation.platform] process in
      log.add("\(try process.receive(timeout: .milliseconds(10)) as Int?)")
      log.add("\((platform.now() - began) / 1_000_000)")
      log.add("\(try process.receive(where: { $0 > 5 }, timeout: .milliseconds(10)) as Int?)")
      log.add("\(try process.receive(matching: { $0 > 5 ? true : nil }, timeout: .milliseconds(10)) as Bool?)")
      log.add("\(try process.receive(timeout: .zero) as Int?)")
    }
    simulation.run()
    receiver.send(1)
    simulation.run()
    #expect(log.entries == ["nil", "10", "nil", "nil", "nil"])
  }

  @Test func `M3: a receive with a timeout of years waits, and a message ends the wait`() throws {
    let log = Log<Int?>()
    _ = try withRuntime { runtime in
      let receiver = runtime.spawn(Int.self) { process in
        log.add(try process.receive(timeout: .seconds(Int64.max)))
        log.add(try process.receive(timeout: .seconds(3_000_000_000)))
        log.add(try process.receive(timeout: .seconds(-5)))
      }
      receiver.send(7)
      receiver.send(8)
    }
    #expect(log.entries == [7, 8, nil])
  }

  @Test func `M3: peek reads, messageCount counts, and flush destroys the messages of a mailbox`() throws {
    let tracker = Tracker()
    let log = Log<Int>()
    let statistics = try withRuntime { runtime in
      let receiver = runtime.spawn(Tracked.self) { process in
        _ = try process.receive(where: { $0.number == 4 })
        log.add(process.messageCount)
        log.add(process.peek { $0.number } ?? -1)
        log.add(process.flush())
        log.add(process.messageCount)
        log.add(process.peek { $0.number } ?? -1)
      }
      for number in 1...4 { receiver.send(Tracked(tracker, number)) }
    }
    #expect(log.entries == [3, 1, 3, 0, -1])
    #expect(tracker.count == 0)
    #expect(statistics.messagesDestroyed == 3)
  }

  @Test func `M1: noncopyable messages are moved`() throws {
    let sum = Count()
    _ = try withRuntime { runtime in
      let receiver = runtime.spawn(Ticket.self) { process in
        while true { sum.add((try process.receive()).number) }
      }
      for number in 1...10 { receiver.send(Ticket(number: number)) }
    }
    #expect(sum.total == 55)
  }

  private struct Ticket: ~Copyable { let number: Int }

  @Test(.threadsAndSeeds)
  func `M4: a hundred processes send to one, and every message arrives`() throws {
    let (senders, each) = (size(100, seeds: 6), size(1_000, seeds: 6))
    let sum = Count()
    _ = try onRuntime { runtime in
      let receiver = runtime.spawn(Int.self) { process in
        for _ in 0..<senders * each { sum.add(try process.receive()) }
      }
      for _ in 0..<senders {
        runtime.spawn { process in
          for _ in 0..<each { receiver.send(1) }
        }
      }
    }
    #expect(sum.total == senders * each)
  }
}

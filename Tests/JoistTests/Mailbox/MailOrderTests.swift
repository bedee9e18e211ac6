// SPDX-License-Identifier: Apache-2.0
//
// The order of a mailbox after messages were taken out of its middle or dropped, and the capacity that becomes free.

import Joist
import TestSupport
import Testing

@Suite struct MailOrderTests {
  @Test func `M3: an urgent message comes first after the last urgent one was received`() throws {
    let simulation = try HandDriven()
    let log = Log<Int>()
    let receiver = simulation.runtime.spawn(Int.self) { process in
      try process.sleep(for: .seconds(1))
      log.add(try process.receive())
      process.ref.send(-2, urgent: true)
      process.ref.send(-3, urgent: true)
      for _ in 0..<4 { log.add(try process.receive()) }
    }
    simulation.run(passingTime: false)
    for number in 1...2 { receiver.send(number) }
    receiver.send(-1, urgent: true)
    simulation.run()
    #expect(log.entries == [-1, -2, -3, 1, 2])
  }

  @Test func `M3: an urgent message comes first after a selective receive took the last urgent one`() throws {
    let simulation = try HandDriven()
    let log = Log<Int>()
    let receiver = simulation.runtime.spawn(Int.self) { process in
      try process.sleep(for: .seconds(1))
      log.add(try process.receive { $0 == -2 })
      process.ref.send(-3, urgent: true)
      for _ in 0..<4 { log.add(try process.receive()) }
    }
    simulation.run(passingTime: false)
    for number in 1...2 { receiver.send(number) }
    for number in [-1, -2] { receiver.send(number, urgent: true) }
    simulation.run()
    #expect(log.entries == [-2, -1, -3, 1, 2])
  }

  @Test func `M3: messages that arrive after a selective receive took the last message are found`() throws {
    let simulation = try HandDriven()
    let log = Log<Int>()
    let receiver = simulation.runtime.spawn(Int.self) { process in
      try process.sleep(for: .seconds(1))
      log.add(try process.receive { $0 == 2 })
      process.ref.send(3)
      for _ in 0..<2 { log.add(try process.receive()) }
      for number in 4...5 { process.ref.send(number) }
      for _ in 0..<2 { log.add(try process.receive()) }
    }
    simulation.run(passingTime: false)
    for number in 1...2 { receiver.send(number) }
    simulation.run()
    #expect(log.entries == [2, 1, 3, 4, 5])
  }

  @Test func `M3: a selective receive starts over when the message at which it stopped was dropped`() throws {
    let simulation = try HandDriven()
    let looked = Log<Int>()
    let found = Log<Int>()
    let options = SpawnOptions(mailbox: .bounded(2, whenFull: .dropOldest))
    let receiver = simulation.runtime.spawn(Int.self, options: options) { process in
      found.add(
        try process.receive { number in
          looked.add(number)
          return number == 0
        }
      )
      while let rest = try process.receive(timeout: .zero) { found.add(rest) }
    }
    simulation.run()
    for number in 1...2 {
      receiver.send(number)
      simulation.run()
    }
    // Both messages that did not match are dropped before the receiver looks again.
    for number in [3, 0] { receiver.send(number) }
    simulation.run()
    #expect(looked.entries == [1, 2, 3, 0])
    #expect(found.entries == [0, 3])
  }

  @Test func `M2: flushing a bounded mailbox makes room for blocked senders`() throws {
    let simulation = try HandDriven()
    let log = Log<Int>()
    let options = SpawnOptions(mailbox: .bounded(2, whenFull: .block))
    let receiver = simulation.runtime.spawn(Int.self, options: options) { process in
      try process.sleep(for: .seconds(1))
      log.add(process.flush())
      try process.sleep(for: .seconds(1))
      while let number = try process.receive(timeout: .zero) { log.add(number) }
    }
    let sender = simulation.runtime.spawn { _ in for number in 1...4 { receiver.send(number) } }
    simulation.run(passingTime: false)
    #expect(sender.snapshot?.waitReason == .send)
    simulation.run()
    #expect(log.entries == [2, 3, 4] && !sender.isAlive)
  }

  @Test(.threadsAndSeeds)
  func `M2: room that was granted to a sender that gave up at that moment is granted to the next`() throws {
    let callers = size(100, seeds: 6)
    let wrong = Log<String>()
    _ = try onRuntime(slots: 4) { runtime in
      let options = SpawnOptions(mailbox: .bounded(2, whenFull: .block))
      let sink = runtime.spawn(ReplyTo<Void>?.self, options: options) { process in
        while true { if let reply = try process.receive() { reply.send() } }
      }
      let all = (0..<callers).map { number in
        runtime.spawn { process in
          for turn in 0..<5 {
            let time = Duration.microseconds((number + turn) % 3 * 100)
            do { try process.call(sink, timeout: time) { $0 } } catch is CallError {}
          }
        }
      }
      for caller in all { _ = caller.joinBlocking() }
      sink.suspend()
      // Once the process is idle, it has received every message that was admitted, and its mailbox is empty.
      sink.resume()
      runtime.waitUntilIdle()
      sink.suspend()
      var taken = 0
      while taken < 3, (try? sink.trySend(nil)) != nil { taken += 1 }
      if taken != 2 { wrong.add("capacity for \(taken)") }
      sink.resume()
      sink.exit()
    }
    #expect(wrong.entries.isEmpty)
  }

  @Test func `M2: a receive with a timeout of zero takes no time and does not wait`() throws {
    let simulation = try HandDriven()
    let log = Log<Int64>()
    simulation.runtime.spawn(Int.self) { [platform = simulation.platform] process in
      let began = platform.now()
      for _ in 0..<3 where try process.receive(timeout: .zero) == nil { log.add(platform.now() - began) }
      if try process.receive(where: { $0 == 1 }, timeout: .zero) == nil { log.add(platform.now() - began) }
    }
    simulation.run()
    #expect(log.entries == [0, 0, 0, 0] && simulation.runtime.statistics.parks == 0)
  }
}

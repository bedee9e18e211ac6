// SPDX-License-Identifier: Apache-2.0
//
// Mailboxes with a limit, and what `lastMessage` says of a message.

import Joist
import Synchronization
import TestSupport
import Testing

@Suite struct BoundTests {
  typealias Options = SpawnOptions

  /// Spawns a receiver that sleeps for a second, and then logs all messages in its mailbox.
  private func spawnSlow(
    _ runtime: ProcessRuntime,
    _ mailbox: Options.Mailbox,
    _ log: Log<String>
  ) -> ProcessRef<String> {
    runtime.spawn(String.self, options: .init(mailbox: mailbox)) { process in
      try process.sleep(for: .seconds(1))
      while let text = try process.receive(timeout: .zero) { log.add(text) }
    }
  }

  @Test(.threadsAndSeeds)
  func `M1: no message stays with a receiver that has ended, however its end and the sends interleave`() throws {
    let (receivers, senders) = (size(200, seeds: 8), size(4, seeds: 3))
    let tracker = Tracker()
    let left = Log<Int>()
    let statistics = try onRuntime(slots: 16) { runtime in
      for number in 0..<receivers {
        let mailbox: Options.Mailbox = number % 2 == 0 ? .bounded(2, whenFull: .block) : .unbounded
        let receiver = runtime.spawn(Tracked.self, options: .init(mailbox: mailbox)) { process in
          for _ in 0..<3 { _ = try process.receive() }
        }
        let watcher = runtime.spawn(Down.self) { process in
          process.monitor(receiver) { $0 }
          let refs = (0..<senders).map { _ in process.spawn { _ in for _ in 0..<3 { receiver.send(Tracked(tracker)) } }
          }
          for ref in refs { _ = try process.join(ref) }
          // The notice comes after everything that the receiver had is destroyed. A join that comes late finds no
          // process, and does not wait for that.
          _ = try process.receive()
        }
        _ = watcher.joinBlocking()
        // No process uses the record again before the next receiver.
        if tracker.count > 0 { left.add(tracker.count) }
      }
    }
    let gone = statistics.messagesReceived + statistics.messagesDestroyed + statistics.messagesDropped
    // The notice of each receiver's end is a message, too.
    #expect(gone == statistics.messagesSent)
    #expect(left.entries == [])
    #expect(statistics.messagesRefused == 0)
  }

  @Test func `M2: a full mailbox refuses the newest message, and counts it`() throws {
    let simulation = try HandDriven()
    let log = Log<String>()
    let ref = spawnSlow(simulation.runtime, .bounded(2, whenFull: .dropNewest), log)
    simulation.run(passingTime: false)
    for text in ["a", "b", "c", "d"] { ref.send(text) }
    simulation.run()
    #expect(log.entries == ["a", "b"])
    #expect(simulation.runtime.statistics.messagesRefused == 2)
  }

  @Test func `M2: a full mailbox drops its oldest message that is not urgent, and counts it`() throws {
    let simulation = try HandDriven()
    let log = Log<String>()
    let ref = spawnSlow(simulation.runtime, .bounded(2, whenFull: .dropOldest), log)
    simulation.run(passingTime: false)
    ref.send("urgent", urgent: true)
    for number in 0..<100 {
      ref.send("\(number)")
      simulation.run(passingTime: false)
    }
    simulation.run()
    #expect(log.entries == ["urgent", "99"])
    #expect(simulation.runtime.statistics.messagesRefused == 99)
  }

  @Test func `M2: a mailbox that drops its oldest messages stays small even while its process sleeps`() throws {
    let simulation = try HandDriven()
    let tracker = Tracker()
    let ref = simulation.runtime.spawn(
      Tracked.self,
      options: .init(mailbox: .bounded(10, whenFull: .dropOldest))
    ) { try $0.sleep(for: .seconds(1)) }
    simulation.run(passingTime: false)
    for _ in 0..<1_000 {
      ref.send(Tracked(tracker))
      simulation.run(passingTime: false)
      #expect(tracker.count <= 16)
    }
    simulation.run()
    #expect(tracker.count == 0)
  }

  @Test func `M2: a mailbox that overflows while its process waits for a reply stays small`() throws {
    let simulation = try HandDriven()
    let tracker = Tracker()
    let log = Log<Int>()
    let server = simulation.runtime.spawn(ReplyTo<Int>.self) { process in
      let reply = try process.receive()
      try process.sleep(for: .seconds(1))
      reply.send(7)
    }
    let options = SpawnOptions(mailbox: .bounded(4, whenFull: .dropOldest))
    let caller = simulation.runtime.spawn(Tracked.self, options: options) { process in
      log.add(try process.call(server) { $0 })
      log.add(process.messageCount)
    }
    simulation.run(passingTime: false)
    for _ in 0..<100 {
      caller.send(Tracked(tracker))
      simulation.run(passingTime: false)
      #expect(tracker.count <= 7)
    }
    simulation.run()
    #expect(log.entries == [7, 4] && tracker.count == 0)
  }

  @Test func `M2: bytes are limited as messages are, and a message that can never fit is refused`() throws {
    let simulation = try HandDriven()
    let log = Log<String>()
    let ref = spawnSlow(simulation.runtime, .bounded(bytes: 40, whenFull: .fail), log)
    simulation.run(passingTime: false)
    try ref.trySend("a")
    try ref.trySend("b")
    #expect(throws: SendError.mailboxFull) { try ref.trySend("c") }
    simulation.run()
    #expect(log.entries == ["a", "b"])
    let tiny = spawnSlow(simulation.runtime, .bounded(bytes: 8, whenFull: .block), log)
    tiny.send("more than eight")
    #expect(simulation.runtime.statistics.messagesRefused == 2)
    #expect(throws: SendError.noProcess) { try ref.trySend("too late") }
  }

  @Test(.threadsAndSeeds)
  func `M2: senders to a full mailbox park until there is room, and no message is lost`() throws {
    let (senders, each) = (size(20, seeds: 4), size(100, seeds: 5))
    let sum = Count()
    let overLimit = Count()
    let statistics = try onRuntime(slots: 4) { runtime in
      let sink = runtime.spawn(Int.self, options: .init(mailbox: .bounded(3, whenFull: .block))) { process in
        for _ in 0..<senders * each {
          if process.messageCount > 3 { overLimit.add() }
          sum.add(try process.receive())
        }
      }
      for _ in 0..<senders {
        runtime.spawn { _ in for number in 1...each { sink.send(number) } }
      }
    }
    #expect(sum.total == senders * each * (each + 1) / 2 && overLimit.total == 0)
    #expect(statistics.messagesRefused == 0)
  }

  @Test func `M2: a thread sleeps until a full mailbox has room`() throws {
    let sum = Count()
    _ = try withRuntime { runtime in
      let sink = runtime.spawn(Int.self, options: .init(mailbox: .bounded(1, whenFull: .block))) { process in
        for _ in 0..<many(1_000) { sum.add(try process.receive()) }
      }
      for _ in 0..<many(1_000) { sink.send(1) }
    }
    #expect(sum.total == many(1_000))
  }

  @Test func `M2: a blocked send to a process that ends returns, and is counted`() throws {
    let simulation = try HandDriven()
    let done = Count()
    let sink = simulation.runtime.spawn(Int.self, options: .init(mailbox: .bounded(1, whenFull: .block))) {
      try $0.sleep(for: .seconds(1))
    }
    let sender = simulation.runtime.spawn { _ in
      for number in 0..<3 { sink.send(number) }
      done.add()
    }
    simulation.run(passingTime: false)
    #expect(sender.snapshot?.waitReason == .send && done.total == 0)
    simulation.run()
    #expect(done.total == 1 && simulation.runtime.statistics.messagesDropped == 2)
  }

  @Test func `M2: a process that is told to exit while its send is blocked loses that message and ends`() throws {
    let simulation = try HandDriven()
    let tracker = Tracker()
    let sink = simulation.runtime.spawn(Tracked.self, options: .init(mailbox: .bounded(1, whenFull: .block))) {
      try $0.sleep(for: .seconds(1))
    }
    let sender = simulation.runtime.spawn { process in
      while true {
        sink.send(Tracked(tracker))
        try process.reduce(1)
      }
    }
    simulation.run(passingTime: false)
    sender.exit()
    simulation.run(passingTime: false)
    #expect(!sender.isAlive && tracker.count == 1)
    simulation.run()
    #expect(tracker.count == 0)
  }

  @Test func `M2: a send to the sender's own full mailbox is refused and does not hang`() throws {
    let simulation = try HandDriven()
    let refused = Count()
    simulation.runtime.spawn(Int.self, options: .init(mailbox: .bounded(1, whenFull: .block))) { process in
      process.ref.send(1)
      process.ref.send(2)
      do { try process.ref.trySend(3) } catch { refused.add() }
    }
    simulation.run()
    #expect(refused.total == 1 && simulation.runtime.statistics.messagesRefused == 2)
    #expect("\(simulation.runtime.recentReports[0])".hasSuffix("cannot wait for room in its own mailbox"))
  }

  @Test func `M2: a send of a blocking closure to its process's full mailbox is refused and does not hang`() throws {
    let ends = Count()
    let statistics = try withRuntime(.init(schedulers: 1)) { runtime in
      runtime.spawn(Int.self, options: .init(mailbox: .bounded(1, whenFull: .block))) { process in
        let own = process.ref
        process.blocking { for number in 1...3 { own.send(number) } }
        ends.add()
      }
    }
    #expect(ends.total == 1 && statistics.messagesRefused == 2)
  }

  @Test func `M2: exit signals pass a full mailbox`() throws {
    let simulation = try HandDriven()
    let ref = simulation.runtime.spawn(Int.self, options: .init(mailbox: .bounded(1, whenFull: .fail))) {
      try $0.sleep(for: .seconds(100))
    }
    ref.send(1)
    simulation.run(passingTime: false)
    ref.exit()
    simulation.run(passingTime: false)
    #expect(!ref.isAlive)
  }

  @Test func `I2: a mailbox limit of zero or less is refused, and the error names the field`() throws {
    let simulation = try HandDriven()
    for mailbox: Options.Mailbox in [.bounded(0, whenFull: .fail), .bounded(bytes: -1, whenFull: .fail)] {
      #expect(throws: SpawnError.self) {
        try simulation.runtime.trySpawn(Int.self, options: .init(mailbox: mailbox)) { _ in }
      }
    }
  }
}

@Suite struct MessageInfoTests {
  @Test func `M2: lastMessage tells the sender, the size and the time of a message`() throws {
    let simulation = try HandDriven()
    let log = Log<MessageInfo?>()
    let before = ContinuousClock.now
    let receiver = simulation.runtime.spawn(Int.self) { process in
      log.add(process.lastMessage)
      _ = try process.receive()
      log.add(process.lastMessage)
      _ = try process.receive()
      log.add(process.lastMessage)
    }
    let sender = simulation.runtime.spawn { _ in receiver.send(1) }
    simulation.run()
    receiver.send(2)
    simulation.run()
    let infos = log.entries
    #expect(infos[0] == nil && infos[1]?.sender == sender.id && infos[2]?.sender == nil)
    #expect(infos[1]?.bytes == MemoryLayout<Int>.size)
    let sent = try #require(infos[1]?.sent)
    #expect(sent >= before - .seconds(60) && sent <= ContinuousClock.now)
  }

  @Test func `M3: urgent messages are received first, in their own order`() throws {
    let simulation = try HandDriven()
    let log = Log<Int>()
    let receiver = simulation.runtime.spawn(Int.self) { process in
      try process.sleep(for: .seconds(1))
      log.add(try process.receive())
      process.ref.send(-3, urgent: true)
      for _ in 0..<6 { log.add(try process.receive()) }
    }
    simulation.run(passingTime: false)
    for number in 1...4 { receiver.send(number) }
    for number in [-1, -2] { receiver.send(number, urgent: true) }
    simulation.run()
    #expect(log.entries == [-1, -2, -3, 1, 2, 3, 4])
  }

  @Test func `M3: a selective receive looks at each message once, and at urgent ones first`() throws {
    let simulation = try HandDriven()
    let looked = Log<Int>()
    let found = Log<Int>()
    let receiver = simulation.runtime.spawn(Int.self) { process in
      found.add(
        try process.receive { number in
          looked.add(number)
          return number == 0
        }
      )
      while let rest = try process.receive(timeout: .zero) { found.add(rest) }
    }
    simulation.run()
    for number in 1...3 {
      receiver.send(number)
      simulation.run()
    }
    receiver.send(-1, urgent: true)
    simulation.run()
    receiver.send(-2, urgent: true)
    receiver.send(4)
    receiver.send(0)
    simulation.run()
    #expect(looked.entries == [1, 2, 3, -1, -2, 4, 0])
    #expect(found.entries == [0, -1, -2, 1, 2, 3, 4])
  }
}

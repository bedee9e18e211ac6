// SPDX-License-Identifier: Apache-2.0
//
// Monitors: each delivers one message when the process that it watches ends.

import Joist
import TestSupport
import Testing

private enum Mail {
  case down(Down)
  case note(Int)
}

@Suite struct MonitorTests {
  private func text(_ mail: Mail) -> String {
    switch mail {
    case .down(let down): "down: \(down.reason)"
    case .note(let number): "note \(number)"
    }
  }

  @Test(arguments: [ExitReason.normal, .shutdown, .killed])
  func `P5: a monitor delivers the exit reason once`(reason: ExitReason) throws {
    let simulation = try HandDriven()
    let log = Log<String>()
    let ref = simulation.runtime.spawn { process in
      try process.sleep(for: .seconds(1))
      try process.exit(reason)
    }
    simulation.runtime.spawn(Mail.self) { process in
      let monitor = process.monitor(ref, Mail.down)
      guard case .down(let down) = try process.receive() else { return }
      log.add("\(down.process == ref.id) \(down.monitor == monitor) \(down.reason)")
      log.add("\(try process.receive(timeout: .seconds(10)) == nil)")
    }
    simulation.run()
    #expect(log.entries == ["true true \(reason)", "true"])
  }

  @Test func `P5: a monitor of a dead process, or of a spawn that failed, delivers a no-process reason`() throws {
    let simulation = try HandDriven(.init(schedulers: 1, processLimit: 2))
    let log = Log<String>()
    let dead = simulation.runtime.spawn { _ in }
    simulation.run()
    simulation.runtime.spawn(Mail.self) { process in
      process.monitor(dead, Mail.down)
      log.add(text(try process.receive()))
      let room = process.spawn { _ = try $0.sleep(for: .seconds(1)) }
      let (none, _) = process.spawnMonitored(Int.self, down: Mail.down) { _ in }
      log.add("\(room.isAlive) \(none.isAlive)")
      log.add(text(try process.receive()))
    }
    simulation.run()
    #expect(log.entries == ["down: no process", "true false", "down: no process"])
  }

  @Test func `M4: a down message arrives after what its process sent, one for each monitor`() throws {
    let simulation = try HandDriven()
    let log = Log<String>()
    simulation.runtime.spawn(Mail.self) { process in
      let me = process.ref
      let (ref, _) = process.spawnMonitored(down: Mail.down) { _ in for number in 0..<3 { me.send(.note(number)) } }
      process.monitor(ref, Mail.down)
      while let mail = try process.receive(timeout: .seconds(1)) { log.add(text(mail)) }
    }
    simulation.run()
    #expect(log.entries == ["note 0", "note 1", "note 2", "down: normal", "down: normal"])
  }

  @Test func `P5: after demonitor, the down message does not arrive, wherever it already is`() throws {
    let simulation = try HandDriven()
    let log = Log<String>()
    simulation.runtime.spawn(Mail.self) { process in
      let (living, first) = process.spawnMonitored(Int.self, down: Mail.down) { _ = try $0.receive() }
      process.demonitor(first)
      living.send(1)
      let (_, second) = process.spawnMonitored(down: Mail.down) { _ in }
      let (_, third) = process.spawnMonitored(down: Mail.down) { _ in }
      process.ref.send(.note(1))
      try process.yield()
      process.demonitor(second)  // its message is in the inbox
      #expect(process.messageCount == 2)
      process.demonitor(third)  // its message is in the mailbox
      process.demonitor(third)
      while let mail = try process.receive(timeout: .seconds(1)) { log.add(text(mail)) }
    }
    simulation.run()
    #expect(log.entries == ["note 1"])
  }

  @Test func `P5: no two monitors have the same ID, across all processes and runtimes`() throws {
    let ids = Log<MonitorID>()
    for _ in 0..<2 {
      let simulation = try HandDriven()
      let target = simulation.runtime.spawn(Int.self) { _ = try $0.receive() }
      for _ in 0..<100 {
        simulation.runtime.spawn(Mail.self) { process in
          for _ in 0..<3 { ids.add(process.monitor(target, Mail.down)) }
          try process.yield()
        }
        simulation.run()
      }
    }
    #expect(Set(ids.entries).count == 600)
  }

  @Test func `P5: demonitor with the ID of another process's monitor does nothing`() throws {
    let simulation = try HandDriven()
    let (ids, told) = (Log<MonitorID>(), Count())
    let target = simulation.runtime.spawn(Int.self) { _ = try $0.receive() }
    let watchers = (0..<10).map { _ in
      simulation.runtime.spawn(Mail.self) { process in
        ids.add(process.monitor(target, Mail.down))
        // A second monitor, whose message is in the mailbox while the stranger uses the IDs of all others.
        process.spawnMonitored(down: Mail.down) { _ in }
        _ = try process.receive { if case .note = $0 { true } else { false } }
        while case .down = try process.receive() { told.add() }
      }
    }
    simulation.run()
    let stranger = simulation.runtime.spawn(Mail.self) { process in
      process.spawnMonitored(down: Mail.down) { _ in }
      try process.sleep(for: .seconds(1))
      _ = process.messageCount
      for id in ids.entries { process.demonitor(id) }
      while case .down = try process.receive() { told.add() }
    }
    simulation.run()
    for watcher in watchers { watcher.send(.note(0)) }
    target.send(1)
    simulation.run()
    #expect(told.total == 21 && stranger.isAlive)
  }

  @Test func `P5: demonitor of a dead process leaves the monitors of the next process of its record`() throws {
    let simulation = try HandDriven()
    let log = Log<String>()
    simulation.runtime.spawn(Mail.self) { process in
      let (dead, first) = process.spawnMonitored(down: Mail.down) { _ in }
      try process.yield()
      // The new process has the record of the dead one, and its monitor the place of the first.
      let (next, _) = process.spawnMonitored(Int.self, down: Mail.down) { next in
        _ = try next.receive()
        try next.exit(.shutdown)
      }
      #expect(next.id.slot == dead.id.slot && !dead.isAlive)
      process.demonitor(first)
      next.send(7)
      while let mail = try process.receive(timeout: .seconds(1)) { log.add(text(mail)) }
    }
    simulation.run()
    #expect(log.entries == ["down: shutdown"])
  }

  @Test func `P5: a down message that demonitor removes is counted as destroyed`() throws {
    let simulation = try HandDriven()
    simulation.runtime.spawn(Mail.self) { process in
      for _ in 0..<10 {
        let (_, monitor) = process.spawnMonitored(down: Mail.down) { _ in }
        try process.yield()
        #expect(process.messageCount == 1)
        process.demonitor(monitor)
        #expect(process.messageCount == 0)
      }
    }
    simulation.run()
    let statistics = simulation.runtime.statistics
    #expect(statistics.messagesSent == 10 && statistics.messagesDestroyed == 10)
  }

  @Test func `P5: a process that monitors itself never receives a down message`() throws {
    let simulation = try HandDriven()
    simulation.runtime.spawn(Mail.self) { process in
      process.monitor(process.ref, Mail.down)
      try process.exit(.shutdown)
    }
    simulation.run()
    #expect(simulation.runtime.statistics.processesEnded == 1)
  }

  @Test func `M2: a bounded mailbox neither refuses nor drops a down message`() throws {
    let simulation = try HandDriven()
    let log = Log<String>()
    let full = SpawnOptions(mailbox: .bounded(2, whenFull: .dropOldest))
    simulation.runtime.spawn(Mail.self, options: full) { process in
      for _ in 0..<5 { process.spawnMonitored(down: Mail.down) { _ in } }
      try process.sleep(for: .seconds(1))
      for number in 0..<4 { process.ref.send(.note(number)) }
      try process.sleep(for: .seconds(1))
      while let mail = try process.receive(timeout: .zero) { log.add(text(mail)) }
      // The down messages, which were not admitted, are not released either, so there is still room for two.
      for number in 4..<7 { process.ref.send(.note(number)) }
      while let mail = try process.receive(timeout: .zero) { log.add(text(mail)) }
    }
    simulation.run()
    let downs = Array(repeating: "down: normal", count: 5)
    #expect(log.entries == downs + ["note 2", "note 3", "note 5", "note 6"])
  }

  @Test(.threadsAndSeeds)
  func `P5: many watchers receive one down message for each of many ends`() throws {
    let (watchers, rounds) = (size(8, seeds: 3), size(20, seeds: 2))
    let each = size(100, seeds: 4)
    let told = Count()
    let statistics = try onRuntime { runtime in
      for _ in 0..<watchers {
        runtime.spawn(Mail.self) { process in
          for _ in 0..<rounds {
            for _ in 0..<each { process.spawnMonitored(down: Mail.down) { try $0.yield() } }
            for _ in 0..<each { if case .down = try process.receive() { told.add() } }
          }
        }
      }
    }
    #expect(told.total == watchers * rounds * each)
    #expect(statistics.processesEnded == UInt64(watchers * rounds * each + watchers))
  }

  @Test func `I1: watchers that come and go leave nothing behind in the process that they watched`() throws {
    let simulation = try HandDriven()
    let target = simulation.runtime.spawn(Int.self) { _ = try $0.receive() }
    for _ in 0..<many(1_000) {
      simulation.runtime.spawn(Mail.self) { process in
        let monitor = process.monitor(target, Mail.down)
        process.monitor(target, Mail.down)
        process.demonitor(monitor)
      }
    }
    simulation.run()
    #expect(simulation.runtime.watchCount(target) == 0)
  }
}

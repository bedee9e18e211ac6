// SPDX-License-Identifier: Apache-2.0
//
// Monitors: one message for one end.

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
  func `P5: a monitor brings the reason of the end, once`(reason: ExitReason) throws {
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

  @Test func `P5: who monitors the dead, or nobody, hears that there is no process`() throws {
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

  @Test func `M4: an end comes behind what its process sent, and each monitor brings a message`() throws {
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

  @Test func `P5: after demonitor the message does not come, wherever it is`() throws {
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

  @Test func `P5: a process that monitors itself never hears of it`() throws {
    let simulation = try HandDriven()
    simulation.runtime.spawn(Mail.self) { process in
      process.monitor(process.ref, Mail.down)
      try process.exit(.shutdown)
    }
    simulation.run()
    #expect(simulation.runtime.statistics.processesEnded == 1)
  }

  @Test func `M2: no mailbox refuses the news of an end, and none throws it away`() throws {
    let simulation = try HandDriven()
    let log = Log<String>()
    let full = SpawnOptions(mailbox: .bounded(2, whenFull: .dropOldest))
    simulation.runtime.spawn(Mail.self, options: full) { process in
      for _ in 0..<5 { process.spawnMonitored(down: Mail.down) { _ in } }
      try process.sleep(for: .seconds(1))
      for number in 0..<4 { process.ref.send(.note(number)) }
      try process.sleep(for: .seconds(1))
      while let mail = try process.receive(timeout: .zero) { log.add(text(mail)) }
      // What was let out again was what was let in: there is room for two.
      for number in 4..<7 { process.ref.send(.note(number)) }
      while let mail = try process.receive(timeout: .zero) { log.add(text(mail)) }
    }
    simulation.run()
    let downs = Array(repeating: "down: normal", count: 5)
    #expect(log.entries == downs + ["note 2", "note 3", "note 5", "note 6"])
  }

  @Test(.threadsAndSeeds)
  func `P5: every end of many is told, whoever watches`() throws {
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

  @Test func `I1: watchers that come and go leave nothing with a process that lives on`() throws {
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

// SPDX-License-Identifier: Apache-2.0
//
// Names, groups, and waits for the end of a process.

import Joist
import TestSupport
import Testing

@Suite struct NameTests {
  @Test func `M4: a name leads to its process, with its message type, until the process ends`() throws {
    let simulation = try HandDriven()
    let runtime = simulation.runtime
    let log = Log<Int>()
    let ref = runtime.spawn(Int.self) { log.add(try $0.receive()) }
    try runtime.register(ref, as: "one")
    let found = try runtime.lookup("one", as: Int.self)
    #expect(found == ref && runtime.registeredNames == ["one"])
    found?.send(7)
    simulation.run()
    let after = try runtime.lookup("one", as: Int.self)
    #expect(log.entries == [7] && after == nil && runtime.registeredNames.isEmpty)
  }

  @Test func `M4: of several names of a process, observers see the first in order of those that it still has`() throws {
    let simulation = try HandDriven()
    let runtime = simulation.runtime
    let process = runtime.spawn(Int.self, options: .init(name: "m")) { _ = try $0.receive() }
    let other = runtime.spawn(Int.self, options: .init(name: "a")) { _ = try $0.receive() }
    func names(without removed: String?, adding added: String? = nil) throws -> String? {
      if let removed { runtime.unregister(removed) }
      if let added { try runtime.register(process, as: added) }
      return process.snapshot?.name
    }
    #expect(try names(without: nil, adding: "x") == "m")
    #expect(try names(without: nil, adding: "c") == "c")
    #expect(try names(without: "m", adding: "d") == "c")
    #expect(try names(without: "c") == "d")
    #expect(try names(without: "d") == "x")
    #expect(try names(without: "x") == nil)
    #expect(try names(without: nil, adding: "y") == "y")
    process.exit()
    simulation.run()
    #expect(runtime.registeredNames == ["a"] && other.snapshot?.name == "a")
  }

  @Test func `M4: registered names are listed in order`() throws {
    let simulation = try HandDriven()
    let names = (0..<20).map { "process \($0)" }
    for name in names { simulation.runtime.spawn(Int.self, options: .init(name: name)) { _ = try $0.receive() } }
    #expect(simulation.runtime.registeredNames == names.sorted())
  }

  private enum Mail: Sendable {
    case who(ReplyTo<ProcessID>)
    case stop
    case ended(ExitReason)
  }

  @Test func `M4: a process is called, sent to and monitored by a name, whichever process has it`() throws {
    let simulation = try HandDriven()
    let log = Log<String>()
    let name: ProcessName<Mail> = "worker"
    let body: @Sendable (ProcessContext<Mail>) throws -> Void = { process in
      while case .who(let reply) = try process.receive() { reply.send(process.id) }
    }
    simulation.runtime.spawn(Mail.self) { process in
      for _ in 0..<2 {
        let ref = process.spawn(Mail.self, options: .init(name: name.text), body)
        try process.monitor(named: name) { .ended($0.reason) }
        let isSame = try process.call(named: name) { .who($0) } == ref.id
        log.add("\(isSame), \(try process.send(.stop, to: name)), \(try process.receive())")
      }
      try process.monitor(named: name) { .ended($0.reason) }
      log.add("\(try process.send(.stop, to: name)), \(try process.receive())")
      do { _ = try process.call(named: name) { .who($0) } } catch let error as CallError { log.add("\(error)") }
      process.spawn(Int.self, options: .init(name: name.text)) { _ = try $0.receive() }
      do { try process.send(.stop, to: name) } catch { log.add("\(error)".prefix(13).description) }
    }
    simulation.run()
    #expect(
      log.entries == [
        "true, true, ended(normal)", "true, true, ended(normal)", "false, ended(no process)", "exited(no process)",
        "'worker' take",
      ]
    )
  }

  @Test func `M4: a lookup with the wrong message type throws an error that names both types`() throws {
    let simulation = try HandDriven()
    simulation.runtime.spawn(Int.self, options: .init(name: "numbers")) { _ = try $0.receive() }
    let error = #expect(throws: NameError.self) { try simulation.runtime.lookup("numbers", as: [String].self) }
    let text = try #require(error).description
    #expect(text == "'numbers' takes messages of Swift.Int, and not of Swift.Array<Swift.String>")
  }

  @Test func `M4: a name in use is refused with its holder, and so are an empty name and a dead process`() throws {
    let simulation = try HandDriven()
    let runtime = simulation.runtime
    let first = runtime.spawn(Int.self, options: .init(name: "a")) { _ = try $0.receive() }
    let second = runtime.spawn(Int.self) { _ = try $0.receive() }
    #expect(throws: NameError.taken("a", by: first.id)) { try runtime.register(second, as: "a") }
    #expect(throws: NameError.empty) { try runtime.register(second, as: "") }
    #expect(throws: SpawnError.name(.taken("a", by: first.id))) {
      try runtime.trySpawn(Int.self, options: .init(name: "a")) { _ in }
    }
    #expect(runtime.statistics.processesCreated == 2)
    runtime.unregister("a")
    try runtime.register(second, as: "a")
    second.exit()
    simulation.run()
    #expect(throws: NameError.noProcess) { try runtime.register(second, as: "b") }
    #expect(runtime.registeredNames.isEmpty)
  }

  @Test(.threadsAndSeeds)
  func `M4: of many processes that want a name, one at a time has it`() throws {
    let processes = size(200, seeds: 6)
    let wins = Count()
    _ = try onRuntime(slots: 4) { runtime in
      for _ in 0..<processes {
        runtime.spawn { process in
          while true {
            do { try process.register(as: "leader") } catch {
              try process.yield()
              continue
            }
            wins.add()
            return
          }
        }
      }
    }
    #expect(wins.total == processes)
  }
}

@Suite struct GroupTests {
  @Test func `M4: a broadcast reaches every member once, in the order in which they joined`() throws {
    let simulation = try HandDriven()
    let log = Log<Int>()
    let group = ProcessGroup<Int>()
    let members = (0..<40).map { number in
      simulation.runtime.spawn(Int.self) { process in while true { log.add(try process.receive() + number) } }
    }
    for member in members { group.join(member) }
    group.join(members[0])
    for member in members[10..<35] { group.leave(member) }
    group.leave(members[20])
    #expect(group.broadcast(100) == 15 && group.count == 15)
    simulation.run()
    #expect(log.entries == (Array(0..<10) + Array(35..<40)).map { $0 + 100 })
    #expect(group.all == Array(members[..<10]) + Array(members[35...]))
  }

  @Test func `M4: a broadcast makes a message that cannot be shared anew for each member`() throws {
    let simulation = try HandDriven()
    let tracker = Tracker()
    let group = ProcessGroup<Tracked>()
    for _ in 0..<5 { group.join(simulation.runtime.spawn(Tracked.self) { _ = try $0.receive() }) }
    #expect(group.broadcast { Tracked(tracker) } == 5)
    #expect(tracker.count == 5)
    simulation.run()
    #expect(tracker.count == 0)
  }

  @Test func `M4: members leave a group when they end, and dead processes do not join`() throws {
    let simulation = try HandDriven()
    let group = ProcessGroup<Int>()
    let members = (0..<10).map { _ in simulation.runtime.spawn(Int.self) { _ = try $0.receive() } }
    for member in members { group.join(member) }
    #expect(group.broadcast(1) == 10)
    simulation.run()
    #expect(group.count == 0)
    group.join(members[3])
    #expect(group.count == 0 && group.broadcast(1) == 0)
  }

  @Test(.threadsAndSeeds)
  func `M4: members that join, receive and end concurrently leave an empty group`() throws {
    let members = size(500, seeds: 12)
    let group = ProcessGroup<Int>()
    _ = try onRuntime(slots: 4) { runtime in
      for _ in 0..<members {
        runtime.spawn(Int.self) { process in
          group.join(process.ref)
          group.broadcast(1)
          _ = try process.receive()
        }
      }
    }
    #expect(group.count == 0)
  }

  @Test func `M4: fifty thousand processes join a group, receive a broadcast and leave`() throws {
    let group = ProcessGroup<Int>()
    let count = many(50_000, oneIn: 50)
    let came = Count()
    _ = try withRuntime { runtime in
      for _ in 0..<count {
        group.join(
          runtime.spawn(Int.self) { process in
            _ = try process.receive()
            came.add()
          }
        )
      }
      #expect(group.broadcast(1) == count)
    }
    #expect(came.total == count && group.count == 0)
  }
}

@Suite struct JoinTests {
  struct Failure: Error {}

  @Test func `S3: join waits for the end of a process and returns its reason`() throws {
    let simulation = try HandDriven()
    let log = Log<String>()
    let well = simulation.runtime.spawn { try $0.sleep(for: .seconds(1)) }
    let badly = simulation.runtime.spawn { process in
      try process.sleep(for: .seconds(2))
      throw Failure()
    }
    simulation.runtime.spawn { process in
      for other in [well, badly, well] { log.add("\(try process.join(other)!)") }
    }
    simulation.run()
    #expect(log.entries == ["normal", "error: Failure()", "no process"])
  }

  @Test func `L1: a process ends with the reason with which it exits or was told to exit`() throws {
    let simulation = try HandDriven()
    let log = Log<String>()
    let own = simulation.runtime.spawn { process in
      try process.sleep(for: .seconds(1))
      try process.exit(.shutdown)
    }
    simulation.runtime.spawn { process in
      for reason in [ExitReason.error(Failure()), .killed, .shutdown] {
        let told = process.spawn { try $0.sleep(for: .seconds(9)) }
        told.exit(reason)
        log.add("\(try process.join(told)!)")
      }
      log.add("\(try process.join(own)!)")
    }
    simulation.run()
    #expect(log.entries == ["error: Failure()", "killed", "shutdown", "shutdown"])
  }

  @Test func `S3: a join ends with its timeout and leaves nothing behind`() throws {
    let simulation = try HandDriven()
    let done = Count()
    let other = simulation.runtime.spawn { try $0.sleep(for: .seconds(3_600)) }
    simulation.runtime.spawn { process in
      for _ in 0..<many(1_000) where try process.join(other, timeout: .milliseconds(1)) == nil { done.add() }
    }
    simulation.run(passingTime: true)
    #expect(done.total == many(1_000))
  }

  @Test func `I1: watching a process and no longer watching it, again and again, leaves nothing behind`() throws {
    let simulation = try HandDriven()
    let runtime = simulation.runtime
    let other = runtime.spawn(Int.self) { _ = try $0.receive() }
    let group = ProcessGroup<Int>()
    let turns = many(20_000)
    let memory = Log<Int>()
    runtime.spawn(Down.self) { process in
      func turn() throws {
        try runtime.register(other, as: "a")
        try runtime.register(other, as: "b")
        runtime.unregister("a")
        process.unregister("b")
        try process.link(other)
        process.unlink(other)
        process.demonitor(process.monitor(other) { $0 })
        group.join(other)
        group.leave(other)
        _ = try process.join(other, timeout: .zero)
      }
      for count in [100, turns] {
        for _ in 0..<count { try turn() }
        memory.add(other.snapshot!.memory.other + process.ref.snapshot!.memory.other)
      }
    }
    simulation.run()
    #expect(runtime.watchCount(other) == 0 && group.count == 0)
    #expect(memory.entries.count == 2 && memory.entries[0] == memory.entries[1], "\(memory.entries)")
  }

  @Test(.threadsAndSeeds)
  func `M4: a name and a membership that many processes add and remove at once leave no watch`() throws {
    let (processes, turns) = (size(4, seeds: 3), size(2_000, seeds: 6))
    let left = Log<Int>()
    _ = try onRuntime(slots: 4) { runtime in
      let other = runtime.spawn(Int.self) { _ = try $0.receive() }
      let group = ProcessGroup<Int>()
      let workers = (0..<processes).map { _ in
        runtime.spawn { process in
          for _ in 0..<turns {
            try? runtime.register(other, as: "name")
            runtime.unregister("name")
            group.join(other)
            group.leave(other)
            try process.reduce(10)
          }
        }
      }
      for worker in workers { _ = worker.joinBlocking() }
      left.add(runtime.watchCount(other))
      other.send(1)
    }
    #expect(left.entries.allSatisfy { $0 == 0 } && !left.entries.isEmpty, "\(left.entries)")
  }

  @Test func `S3: a process that waits for an end can be told to exit`() throws {
    let simulation = try HandDriven()
    let other = simulation.runtime.spawn(Int.self) { _ = try $0.receive() }
    let waiter = simulation.runtime.spawn { process in _ = try process.join(other) }
    simulation.run()
    #expect(waiter.snapshot?.waitReason == .join)
    waiter.exit()
    simulation.run()
    #expect(!waiter.isAlive && other.isAlive)
  }

  @Test(.threadsAndSeeds)
  func `S3: processes and threads wait for the same end`() throws {
    let processes = size(200, seeds: 8)
    let count = Count()
    let wrong = Count()
    _ = try onRuntime(slots: 4) { runtime in
      let start = runtime.spawn(Int.self) { _ = try $0.receive() }
      let first = runtime.spawn { process in _ = try process.join(start) }
      for _ in 0..<processes {
        runtime.spawn { process in if try process.join(first) != nil { count.add() } }
      }
      if first.joinBlocking(timeout: .milliseconds(1)) != nil { wrong.add() }
      start.send(1)
      if first.joinBlocking() == nil { wrong.add() }
    }
    #expect(count.total == processes && wrong.total == 0)
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// Priority inheritance: a process that others wait for runs at their priority.

import Joist
import TestSupport
import Testing

@Suite struct InheritanceTests {
  private enum Mail {
    case go
    case ask(ReplyTo<Int>)
  }

  /// One scheduler that three processes of normal priority keep busy for a thousand turns each.
  private struct Busy {
    let simulation: HandDriven
    /// The number of turns that the three have had.
    let turns = Count()
    /// The number of turns at each call of `note`.
    let seen = Log<Int>()
    var runtime: ProcessRuntime { simulation.runtime }

    init() throws { simulation = try HandDriven(.init(schedulers: 1, reductionsPerSlice: 100)) }

    func start() {
      for _ in 0..<3 {
        runtime.spawn { [turns] process in
          for _ in 0..<1_000 {
            try process.yield()
            turns.add()
          }
        }
      }
    }

    /// Spawns a process of low priority that runs `body`.
    func low(_ body: @escaping @Sendable (ProcessContext<Mail>) throws -> Void) -> ProcessRef<Mail> {
      runtime.spawn(Mail.self, options: .init(priority: .low), body)
    }

    func note() { seen.add(turns.total) }
  }

  private static func work(_ process: ProcessContext<Mail>) throws { for _ in 0..<5 { try process.yield() } }

  @Test func `S4: the holder of a lock runs at the priority of its waiters until it releases the lock`() throws {
    let busy = try Busy()
    let lock = ProcessLock(0)
    let priorities = Log<Priority?>()
    let holder = busy.low { process in
      try lock.withLock { _ in
        _ = try process.receive()
        try Self.work(process)
        priorities.add(process.ref.snapshot?.priority)
      }
      priorities.add(process.ref.snapshot?.priority)
    }
    busy.simulation.run()
    holder.send(.go)
    busy.start()
    busy.runtime.spawn(options: .init(priority: .max)) { _ in lock.withLock { _ in busy.note() } }
    busy.simulation.run()
    #expect(busy.seen.entries[0] < 10 && priorities.entries == [.max, .low])
  }

  @Test func `S4: a process that holds up the holder, by a lock or by a call, runs at that priority, too`() throws {
    let busy = try Busy()
    let (first, second) = (ProcessLock(0), ProcessLock(0))
    let server = busy.low { process in
      guard case .ask(let reply) = try process.receive() else { return }
      _ = try process.receive()
      try Self.work(process)
      reply.send(1)
      // The caller runs before the server does.
      try process.yield()
      #expect(process.ref.snapshot?.priority == .low)
    }
    let holder = busy.low { process in try second.withLock { _ in _ = try process.call(server) { .ask($0) } } }
    busy.simulation.run()
    let between = busy.low { _ in first.withLock { _ in second.withLock { $0 += 1 } } }
    busy.simulation.run()
    #expect(second.owner == holder.id && first.owner == between.id)
    server.send(.go)
    busy.start()
    busy.runtime.spawn(options: .init(priority: .max)) { _ in first.withLock { _ in busy.note() } }
    busy.simulation.run()
    #expect(busy.seen.entries[0] < 20)
  }

  @Test func `S4: a server runs at the priority of its caller until it has replied`() throws {
    let busy = try Busy()
    let server = busy.low { process in
      while case .ask(let reply) = try process.receive() {
        try Self.work(process)
        reply.send(1)
      }
    }
    busy.simulation.run()
    busy.start()
    busy.runtime.spawn(options: .init(priority: .high)) { process in
      _ = try process.call(server) { .ask($0) }
      busy.note()
    }
    busy.simulation.run()
    #expect(busy.seen.entries[0] < 10 && server.snapshot?.priority == .low)
  }

  @Test(arguments: [ExitReason.killed, .shutdown])
  func `S4: a caller that ends or times out lends no priority any more`(reason: ExitReason) throws {
    let simulation = try HandDriven()
    let server = simulation.runtime.spawn(Mail.self, options: .init(priority: .low)) { process in
      try process.sleep(for: .seconds(9))
    }
    let caller = simulation.runtime.spawn(options: .init(priority: .max)) { process in
      _ = try? process.call(server, timeout: .seconds(1)) { .ask($0) }
      _ = try process.call(server) { .ask($0) }
    }
    simulation.run(passingTime: false)
    #expect(server.snapshot?.priority == .max)
    simulation.pass(nanoseconds: 2_000_000_000)
    #expect(server.snapshot?.priority == .max)
    caller.exit(reason)
    simulation.run(passingTime: false)
    #expect(!caller.isAlive && server.snapshot?.priority == .low)
  }

  @Test func `S4: the next holder of a lock is lent the priority of the waiters that remain`() throws {
    let simulation = try HandDriven()
    let lock = ProcessLock(0)
    let log = Log<Priority?>()
    func take(_ priority: Priority) -> ProcessRef<Mail> {
      simulation.runtime.spawn(Mail.self, options: .init(priority: priority)) { process in
        try lock.withLock { _ in
          _ = try process.receive()
          log.add(process.ref.snapshot?.priority)
        }
        log.add(process.ref.snapshot?.priority)
      }
    }
    let all = [Priority.low, .normal, .low, .high].map { priority in
      let ref = take(priority)
      simulation.run()
      return ref
    }
    for ref in all {
      ref.send(.go)
      simulation.run()
    }
    #expect(log.entries == [.high, .low, .high, .normal, .high, .low, .high, .high])
  }

  @Test func `S4: a priority that is set while another is lent takes effect when the loan ends`() throws {
    let simulation = try HandDriven()
    let lock = ProcessLock(0)
    let log = Log<Priority?>()
    let holder = simulation.runtime.spawn(Mail.self, options: .init(priority: .low)) { process in
      try lock.withLock { _ in
        _ = try process.receive()
        process.setPriority(.normal)
        log.add(process.ref.snapshot?.priority)
      }
      log.add(process.ref.snapshot?.priority)
    }
    simulation.run()
    simulation.runtime.spawn(options: .init(priority: .high)) { _ in lock.withLock { $0 += 1 } }
    simulation.run()
    holder.send(.go)
    simulation.run()
    #expect(log.entries == [.high, .normal])
  }

  @Test(.threadsAndSeeds)
  func `S4: when no process waits any more, every process has its own priority again`() throws {
    let (processes, rounds) = (size(40, seeds: 6), size(50, seeds: 4))
    let locks = (0..<3).map { _ in ProcessLock(0) }
    let (wrong, done) = (Count(), Count())
    _ = try onRuntime(slots: 8) { runtime in
      let servers = Priority.allCases.map { priority in
        runtime.spawn(Mail.self, options: .init(priority: priority)) { process in
          while case .ask(let reply) = try process.receive() {
            locks[2].withLock { $0 += 1 }
            reply.send(1)
          }
          if process.ref.snapshot?.priority != priority { wrong.add() }
        }
      }
      let clients = (0..<processes).map { number in
        let own = Priority.allCases[number % 4]
        return runtime.spawn(options: .init(priority: own)) { process in
          for round in 0..<rounds {
            try locks[(number + round) % 2].withLock { _ in
              try process.yield()
              let reply = try process.call(servers[(number + round) % 4]) { .ask($0) }
              done.add(reply)
            }
          }
          if process.ref.snapshot?.priority != own { wrong.add() }
        }
      }
      for client in clients { _ = client.joinBlocking() }
      for server in servers { server.send(.go) }
    }
    #expect(wrong.total == 0 && done.total == processes * rounds)
  }
}

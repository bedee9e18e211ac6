// SPDX-License-Identifier: Apache-2.0
//
// Circles of waits that can never end: each is reported as it closes, with everything that a reader needs.

import Joist
import TestSupport
import Testing

/// A handler that calls back; its frame is to be seen in the report.
@inline(never)
private func handleByCallingBack(_ process: ProcessContext<Order>, _ other: Worker) throws {
  try process.ask(other)
  withExtendedLifetime(other) {}
}

@Suite struct DeadlockTests {
  @Test func `O3: two processes that call each other in their handlers are named at once as certain`() throws {
    let simulation = try HandDriven()
    let workers = simulation.runtime.spawnWorkers(2)
    workers[0].send(Order { try $0.ask(workers[1]) { try handleByCallingBack($0, workers[0]) } })
    simulation.run(passingTime: false)
    let reported = simulation.runtime.deadlocksReported
    #expect(reported.map { $0.words(workers) } == ["0 call 1, 1 call 0"])
    #expect(reported.first?.isCertain == true && reported.first?.waits.allSatisfy { !$0.hasTimeout } == true)
    #expect(simulation.runtime.stuckReported.isEmpty)
  }

  @Test func `O3: a report names the processes, and the circle's description says who waits for whom in what`() throws {
    let simulation = try HandDriven()
    let workers = ["left", "right"].map { simulation.runtime.spawnWorker($0) }
    for number in 0..<2 { workers[number].sendCall(workers[1 - number]) }
    simulation.run(passingTime: false)
    let deadlock = try #require(simulation.runtime.deadlocksReported.first)
    #expect(deadlock.waits.map(\.name) == ["right", "left"])
    let (left, right) = (workers[0].id, workers[1].id)
    #expect("\(deadlock)" == "right \(right) waits in call for \(left), left \(left) waits in call for \(right)")
  }

  @Test func `O3: the stacks in a report name the functions in which the processes wait`() throws {
    let simulation = try HandDriven()
    let workers = simulation.runtime.spawnWorkers(2)
    for number in 0..<2 { workers[number].send(Order { try handleByCallingBack($0, workers[1 - number]) }) }
    simulation.run(passingTime: false)
    let deadlock = try #require(simulation.runtime.deadlocksReported.first)
    for wait in deadlock.waits {
      let lines = Trap.symbolicate(wait.backtrace)
      #expect(lines.contains { $0.contains("handleByCallingBack") }, "\(lines)")
    }
  }

  @Test func `O3: a report says how long each process of the circle has waited`() throws {
    let simulation = try HandDriven()
    let workers = simulation.runtime.spawnWorkers(3)
    for number in 0..<3 {
      workers[number].send(
        Order { process in
          try process.sleep(for: .seconds(2 * number))
          try process.ask(workers[(number + 1) % 3])
        }
      )
    }
    simulation.run()
    let waits = try #require(simulation.runtime.deadlocksReported.first).waits
    #expect(waits.map { ($0.waitingFor / .milliseconds(100)).rounded() } == [0, 40, 20])
  }

  @Test(arguments: [2, 3, 100, 1_000])
  func `O3: a circle of calls is found at any length, and reported once`(_ length: Int) throws {
    let simulation = try HandDriven()
    let workers = simulation.runtime.spawnWorkers(length)
    for number in 0..<length { workers[number].sendCall(workers[(number + 1) % length]) }
    simulation.run()
    let reported = simulation.runtime.deadlocksReported
    #expect(reported.count == 1 && reported.first?.waits.count == length)
    for wait in reported.first?.waits ?? [] {
      let index = try #require(workers.firstIndex { $0.id == wait.process })
      #expect(wait.awaited == workers[(index + 1) % length].id && wait.reason == .call)
    }
  }

  @Test func `O3: a process that begins to wait for a circle is not a part of it`() throws {
    let simulation = try HandDriven()
    let workers = simulation.runtime.spawnWorkers(5)
    for (caller, callee) in [(0, 1), (1, 0), (2, 0), (3, 2), (4, 4)] { workers[caller].sendCall(workers[callee]) }
    simulation.run()
    #expect(simulation.runtime.deadlocksReported.map { $0.words(workers) } == ["0 call 1, 1 call 0"])
  }

  @Test func `O3: two locks that are taken in opposite order are a deadlock`() throws {
    let simulation = try HandDriven()
    let workers = simulation.runtime.spawnWorkers(2)
    let locks = (ProcessLock(0), ProcessLock(0))
    workers[0].send(
      Order { process in
        try locks.0.withLock { _ in
          try process.yield()
          locks.1.withLock { _ in }
        }
      }
    )
    workers[1].send(Order { _ in locks.1.withLock { _ in locks.0.withLock { _ in } } })
    simulation.run()
    let reported = simulation.runtime.deadlocksReported
    #expect(reported.map { $0.words(workers) } == ["0 turn 1, 1 turn 0"])
    #expect(reported.first?.isCertain == true)
  }

  @Test func `O3: a lock that was passed on to a waiter is followed to its new holder`() throws {
    let simulation = try HandDriven()
    let workers = simulation.runtime.spawnWorkers(3)
    let lock = ProcessLock(0)
    // The lock goes from the first to the second process, which then calls the third, which waits for the lock.
    workers[0].send(Order { process in try lock.withLock { _ in try process.sleep(for: .seconds(1)) } })
    simulation.run(passingTime: false)
    workers[1].send(Order { process in try lock.withLock { _ in try process.ask(workers[2]) } })
    simulation.run(passingTime: false)
    workers[2].send(Order { _ in lock.withLock { _ in } })
    simulation.run(passingTime: false)
    #expect(simulation.runtime.deadlocksReported.isEmpty)
    simulation.run()
    #expect(simulation.runtime.deadlocksReported.map { $0.words(workers) } == ["1 call 2, 2 turn 1"])
  }

  @Test func `O3: processes that wait for each other's end are a deadlock`() throws {
    let simulation = try HandDriven()
    let workers = simulation.runtime.spawnWorkers(3)
    for number in 0..<3 { workers[number].send(Order { _ = try $0.join(workers[(number + 1) % 3]) }) }
    simulation.run()
    let reported = simulation.runtime.deadlocksReported
    #expect(reported.map { $0.words(workers) } == ["0 join 1, 1 join 2, 2 join 0"])
  }

  @Test func `O3: processes that send to each other's full mailboxes are a deadlock`() throws {
    let simulation = try HandDriven()
    let workers = (0..<2).map { _ in simulation.runtime.spawnWorker(mailbox: .bounded(2, whenFull: .block)) }
    for number in 0..<2 {
      workers[number].send(
        Order { process in
          try process.yield()
          for _ in 0..<3 { workers[1 - number].send(.nothing) }
        }
      )
    }
    simulation.run()
    let reported = simulation.runtime.deadlocksReported
    #expect(reported.map { $0.words(workers) } == ["0 send 1, 1 send 0"])
  }

  @Test func `O3: a call that waits for room in a mailbox is found there, and afterwards as a call`() throws {
    for isRoomMade in [false, true] {
      let simulation = try HandDriven()
      let first = simulation.runtime.spawnWorker()
      let second = simulation.runtime.spawnWorker(mailbox: .bounded(1, whenFull: .block))
      let workers = [first, second]
      second.send(
        Order { process in
          try process.sleep(for: .seconds(1))
          if isRoomMade { try process.receive().run(process) }
          try process.ask(first)
        }
      )
      simulation.run(passingTime: false)
      second.send(.nothing)
      first.sendCall(second)
      simulation.run()
      let words = simulation.runtime.deadlocksReported.map { $0.words(workers) }
      #expect(words == [isRoomMade ? "0 call 1, 1 call 0" : "0 send 1, 1 call 0"])
    }
  }

  @Test func `O3: a circle of a call, a lock, a join and a full mailbox is a deadlock`() throws {
    let simulation = try HandDriven()
    var workers = simulation.runtime.spawnWorkers(3)
    workers.append(simulation.runtime.spawnWorker(mailbox: .bounded(1, whenFull: .block)))
    let (lock, all) = (ProcessLock(0), workers)
    workers[0].send(
      Order { process in
        try process.yield()
        try process.ask(all[1])
      }
    )
    workers[1].send(
      Order { process in
        try process.sleep(for: .milliseconds(1))
        lock.withLock { _ in }
      }
    )
    workers[2].send(Order { process in _ = try lock.withLock { _ in try process.join(all[3]) } })
    workers[3].send(
      Order { process in
        try process.sleep(for: .milliseconds(2))
        for _ in 0..<2 { all[0].send(.nothing) }
        try process.ask(all[0])
      }
    )
    simulation.run()
    let words = simulation.runtime.deadlocksReported.map { $0.words(all) }
    #expect(words == ["0 call 1, 1 turn 2, 2 join 3, 3 call 0"])
  }

  @Test func `O3: a circle over two runtimes is found, and names the processes of both`() throws {
    _ = try withRuntime { runtime in
      let other = try ProcessRuntime(.init(schedulers: 1))
      let (here, there) = (runtime.spawnWorker("here"), other.spawnWorker("there"))
      here.send(Order { try $0.ask(there) { try $0.ask(here) } })
      wait(until: "one runtime reports the circle", on: runtime) {
        runtime.deadlocksReported.count + other.deadlocksReported.count > 0
      }
      let reported = runtime.deadlocksReported + other.deadlocksReported
      #expect(reported.count == 1)
      #expect(Set(reported[0].waits.map(\.name)) == ["here", "there"])
      here.exit(.killed)
      there.exit()
      _ = there.joinBlocking()
      #expect(other.shutdown().isEmpty)
    }
  }

  @Test func `O3: the recorder has no part in it`() throws {
    for entries in [0, 16_384] {
      let simulation = try HandDriven(.init(schedulers: 1, recorderEntries: entries))
      let workers = simulation.runtime.spawnWorkers(2)
      for number in 0..<2 { workers[number].sendCall(workers[1 - number]) }
      simulation.run()
      #expect(simulation.runtime.deadlocksReported.count == 1)
    }
  }

  @Test func `O3: a deadlock that is reported is among those that an inspection finds, until it is broken`() throws {
    let simulation = try HandDriven()
    let workers = simulation.runtime.spawnWorkers(3)
    for number in 0..<3 { workers[number].sendCall(workers[(number + 1) % 3]) }
    simulation.run()
    #expect(simulation.runtime.deadlocks.map { $0.words(workers) } == ["0 call 1, 1 call 2, 2 call 0"])
    workers[1].exit(.killed)
    simulation.run()
    #expect(simulation.runtime.deadlocks.isEmpty)
  }
}

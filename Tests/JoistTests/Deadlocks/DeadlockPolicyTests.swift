// SPDX-License-Identifier: Apache-2.0
//
// How a runtime breaks a deadlock, and how the end of one of its processes does.

import Joist
import TestSupport
import Testing

@Suite struct DeadlockPolicyTests {
  private func simulation(_ policy: DeadlockPolicy) throws -> HandDriven {
    try HandDriven(.init(schedulers: 1, onDeadlock: policy))
  }

  @Test func `O3: breakYoungest ends the call that closed the circle with an error, and the others go on`() throws {
    let simulation = try simulation(.breakYoungest)
    let (workers, log) = (simulation.runtime.spawnWorkers(3), Log<String>())
    for number in 0..<3 { workers[number].sendCall(workers[(number + 1) % 3], log) }
    simulation.run()
    let message = "the called process waits for this one, and neither could go on"
    #expect(log.entries == [message, "replied", "replied"])
    #expect(simulation.runtime.deadlocksReported.map { $0.waits[0].process } == [workers[2].id])
  }

  @Test func `O3: breakYoungest ends the youngest call when a lock closed the circle`() throws {
    let simulation = try simulation(.breakYoungest)
    let (workers, log) = (simulation.runtime.spawnWorkers(3), Log<String>())
    let lock = ProcessLock(0)
    workers[0].send(
      Order { process in
        try lock.withLock { _ in
          do { try process.ask(workers[1]) } catch CallError.deadlock { log.add("older") }
        }
      }
    )
    workers[1].send(
      Order { process in
        try process.sleep(for: .seconds(1))
        do { try process.ask(workers[2]) } catch CallError.deadlock { log.add("younger") }
      }
    )
    workers[2].send(
      Order { process in
        try process.sleep(for: .seconds(2))
        lock.withLock { _ in log.add("locked") }
      }
    )
    simulation.run()
    #expect(log.entries == ["younger", "locked"])
  }

  @Test func `O3: breakYoungest only reports a circle in which there is no call`() throws {
    let simulation = try simulation(.breakYoungest)
    let workers = simulation.runtime.spawnWorkers(2)
    for number in 0..<2 { workers[number].send(Order { _ = try $0.join(workers[1 - number]) }) }
    simulation.run()
    #expect(simulation.runtime.deadlocksReported.count == 1 && workers.allSatisfy { $0.isAlive })
  }

  @Test func `O3: a call that a deadlock ended can be made again, and its late reply is dropped`() throws {
    let simulation = try simulation(.breakYoungest)
    let workers = simulation.runtime.spawnWorkers(2)
    let log = Log<String>()
    workers[0].sendCall(workers[1], log)
    workers[1].send(
      Order { process in
        do { try process.ask(workers[0]) } catch CallError.deadlock { log.add("deadlock") }
        try process.receive().run(process)
        try process.ask(workers[0])
        log.add("again")
      }
    )
    simulation.run()
    #expect(log.entries == ["deadlock", "replied", "again"])
    #expect(simulation.runtime.statistics.repliesDropped == 1)
  }

  @Test func `O3: end(named:) kills the process with that name if it is in the circle`() throws {
    for name in ["b", "d"] {
      let simulation = try simulation(.end(named: name))
      let workers = ["a", "b", "c", "d"].map { simulation.runtime.spawnWorker($0) }
      let log = Log<String>()
      for number in 0..<3 { workers[number].sendCall(workers[(number + 1) % 3], log) }
      simulation.run()
      #expect(simulation.runtime.deadlocksReported.count == 1)
      #expect(workers.map(\.isAlive) == [true, name != "b", true, true])
      #expect(log.entries == (name == "b" ? ["exited(killed)", "replied"] : []))
    }
  }

  @Test func `O3: end(named:) can kill the process that closed the circle`() throws {
    let simulation = try simulation(.end(named: "b"))
    let workers = ["a", "b"].map { simulation.runtime.spawnWorker($0) }
    let log = Log<String>()
    for number in 0..<2 { workers[number].sendCall(workers[1 - number], log) }
    simulation.run()
    #expect(workers.map(\.isAlive) == [true, false] && log.entries == ["exited(killed)"])
  }

  @Test func `O3: report does nothing else`() throws {
    let simulation = try simulation(.report)
    let (workers, log) = (simulation.runtime.spawnWorkers(2), Log<String>())
    for number in 0..<2 { workers[number].sendCall(workers[1 - number], log) }
    simulation.run()
    #expect(simulation.runtime.deadlocksReported.count == 1 && log.entries.isEmpty && workers.allSatisfy { $0.isAlive })
  }

  @Test func `O3: with breakYoungest at most one call of each circle fails, however its processes meet`() throws {
    let rounds = many(2_000)
    let (failed, replied) = (Count(), Count())
    _ = try withRuntime(.init(schedulers: 2, onDeadlock: .breakYoungest)) { runtime in
      for _ in 0..<rounds {
        let workers = runtime.spawnWorkers(3)
        let callers = (0..<3).map { number in
          runtime.spawn { process in
            try process.ask(workers[number]) { process in
              do {
                try process.ask(workers[(number + 1) % 3])
                replied.add()
              } catch CallError.deadlock { failed.add() }
            }
          }
        }
        for caller in callers { _ = caller.joinBlocking() }
        for worker in workers { worker.exit(.killed) }
      }
    }
    #expect(failed.total + replied.total == 3 * rounds && failed.total <= rounds)
  }

  @Test func `O3: the end of a process of the circle frees the others, whatever it waits in`() throws {
    for reason in [ExitReason.killed, .shutdown] {
      let simulation = try HandDriven()
      let (workers, log) = (simulation.runtime.spawnWorkers(3), Log<String>())
      for number in 0..<3 { workers[number].sendCall(workers[(number + 1) % 3], log) }
      simulation.run()
      workers[1].exit(reason)
      simulation.run()
      #expect(log.entries == ["exited(\(reason))", "replied"])
      #expect(simulation.runtime.deadlocksReported.count == 1)
    }
  }

  @Test func `O3: a process that crashed in a circle leaves no edge to the next process of its record`() throws {
    let simulation = try HandDriven()
    let runtime = simulation.runtime
    let other = runtime.spawnWorker()
    let semaphore = ProcessSemaphore(permits: 0)
    for _ in 0..<3 {
      // The monitor's closure runs while the process waits for the reply, and traps.
      let monitored = runtime.spawnWorker()
      let crashing = runtime.spawnWorker()
      crashing.send(
        Order { process in
          process.monitor(monitored) { _ in fatalError("in the wait") }
          try process.ask(other)
        }
      )
      other.send(Order { process in try process.sleep(for: .seconds(9)) })
      simulation.run(passingTime: false)
      monitored.exit(.killed)
      crashing.exit(.shutdown)
      simulation.run()
      #expect(!crashing.isAlive)
      // The next process waits without an edge, and is called by the one to which the old edge led.
      let next = runtime.spawn(Order.self) { process in
        try semaphore.acquire()
        while true { try process.receive().run(process) }
      }
      other.sendCall(next)
      simulation.run()
      #expect(runtime.deadlocksReported.isEmpty)
      semaphore.release()
      simulation.run()
    }
  }
}

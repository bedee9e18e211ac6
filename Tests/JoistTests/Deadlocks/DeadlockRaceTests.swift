// SPDX-License-Identifier: Apache-2.0
//
// Circles that several processes close at the same moment, and threads that look at waits that have just ended.

import Joist
import Synchronization
import TestSupport
import Testing

@Suite struct DeadlockRaceTests {
  /// Builds a circle in each round, and expects one report of each.
  private func expectOneReport(ofEach rounds: Int, build: @escaping @Sendable (ProcessRuntime) -> [Worker]) throws {
    _ = try onRuntime { runtime in
      let reports = ProcessChannel<Int>(capacity: 100)
      runtime.handleReports(perSecond: 1_000_000) { report in
        switch report.event {
        case .deadlock(let circle), .stuckForNow(let circle): try? reports.send(circle.waits.count)
        default: break
        }
      }
      for round in 0..<rounds {
        let workers = build(runtime)
        let found = try reports.receive(timeout: .seconds(20))
        #expect(found == workers.count, "round \(round)")
        end(workers)
      }
      runtime.handleReports(nil)
      #expect(reports.tryReceive() == nil, "a circle is reported twice")
    }
  }

  @Test(arguments: [2, 3])
  func `O3: a circle that its processes close at the same moment is reported exactly once`(_ length: Int) throws {
    try expectOneReport(ofEach: size(1_000, seeds: 3)) { runtime in
      let (workers, started) = (runtime.spawnWorkers(length), Count())
      for number in 0..<length {
        workers[number].send(
          Order { process in
            started.add()
            while started.total < length { try process.yield() }
            try process.ask(workers[(number + 1) % length])
          }
        )
      }
      return workers
    }
  }

  @Test
  func `O3: two locks that are taken in opposite order at the same moment are reported exactly once`() throws {
    try expectOneReport(ofEach: size(1_000, seeds: 3)) { runtime in
      let (workers, inside) = (runtime.spawnWorkers(2), Count())
      let locks = [ProcessLock(0), ProcessLock(0)]
      for number in 0..<2 {
        workers[number].send(
          Order { process in
            try locks[number].withLock { _ in
              inside.add()
              while inside.total < 2 { try process.yield() }
              locks[1 - number].withLock { _ in }
            }
          }
        )
      }
      return workers
    }
  }

  @Test
  func `O3: processes that take a few locks in order, and call servers, never make a report`() throws {
    let (count, rounds) = (size(8, seeds: 4), size(1_000, seeds: 6))
    let statistics = try onRuntime { runtime in
      let (locks, servers) = ((0..<3).map { ProcessLock($0) }, runtime.spawnWorkers(2))
      let clients = (0..<count).map { number in
        runtime.spawn { process in
          for round in 0..<rounds {
            let (low, high) = ((number + round) % 2, 2)
            try locks[low].withLock { _ in
              try process.ask(servers[number % 2]) { _ in locks[high].withLock { _ in } }
              locks[high].withLock { _ in }
            }
          }
        }
      }
      for client in clients { _ = client.joinBlocking() }
      #expect(runtime.deadlocksReported.isEmpty)
      end(servers)
    }
    #expect(statistics.processesAbandoned == 0)
  }

  @Test func `O3: a deadlock is named before a timer of 150 milliseconds fires`() throws {
    let named = Count()
    _ = try withRuntime { runtime in
      for _ in 0..<many(20) {
        let workers = runtime.spawnWorkers(2)
        let before = runtime.deadlocksReported.count
        let timer = runtime.spawn { process in
          workers[0].send(Order { try $0.ask(workers[1]) { try $0.ask(workers[0]) } })
          try process.sleep(for: .milliseconds(150))
          named.add(runtime.deadlocksReported.count - before)
        }
        _ = timer.joinBlocking()
        end(workers)
      }
    }
    #expect(named.total == many(20))
  }

  private func end(_ workers: [Worker]) {
    for worker in workers { worker.exit(.killed) }
    for worker in workers { _ = worker.joinBlocking() }
  }
}

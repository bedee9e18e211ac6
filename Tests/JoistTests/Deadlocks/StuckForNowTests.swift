// SPDX-License-Identifier: Apache-2.0
//
// Circles that can end by themselves: they are reported after a tenth of a second, as stuck for now.

import Joist
import TestSupport
import Testing

@Suite struct StuckForNowTests {
  /// Lets time pass; exact in a simulation.
  private func pass(_ duration: Duration, on runtime: ProcessRuntime) {
    _ = runtime.spawn { process in try process.sleep(for: duration) }.joinBlocking()
  }

  /// Whether time is simulated; asked outside of the runtime.
  private static var isSimulated: Bool { size(1, seeds: 0) == 0 }

  /// Has two workers call each other.
  ///
  /// The request is handed on, so the circle is not certain. No process replies.
  private func closeUncertainCircle(_ workers: [Worker]) {
    workers[0].send(
      Order { process in
        try process.call(workers[1]) { (reply: ReplyTo<Void>) in
          Order { process in
            process.spawn { _ in withExtendedLifetime(reply) {} }
            try process.ask(workers[0])
          }
        }
      }
    )
  }

  /// Has a worker call another one, which calls it back before it replies.
  ///
  /// No order in which threads run the two can keep the circle from closing, except that the timeout ends it.
  private func closeCircle(_ workers: [Worker], timeout: Duration, _ log: Log<String>? = nil) {
    workers[0].send(
      Order { process in
        do {
          try process.ask(workers[1], timeout: timeout) { process in
            try process.ask(workers[0])
            log?.add("replied")
          }
        } catch CallError.timedOut { log?.add("timedOut") }
      }
    )
  }

  private func end(_ workers: [Worker]) {
    for worker in workers { worker.exit(.killed) }
    for worker in workers { _ = worker.joinBlocking() }
  }

  @Test
  func `O3: a circle with a timeout is reported after a tenth of a second as stuck for now, and not before`() throws {
    let isSimulated = Self.isSimulated
    _ = try onRuntime { runtime in
      let workers = runtime.spawnWorkers(2)
      let start = runtime.now
      closeCircle(workers, timeout: .seconds(3))
      while runtime.stuckReported.isEmpty && runtime.now < start + .seconds(2) {
        pass(.milliseconds(1), on: runtime)
        // The circle closed a little later.
        if runtime.now <= start + .milliseconds(100) { #expect(runtime.stuckReported.isEmpty) }
      }
      // Timers are late by some milliseconds at most in a simulation.
      if isSimulated { #expect(runtime.now < start + .milliseconds(150)) }
      let stuck = try #require(runtime.stuckReported.first)
      #expect(stuck.words(workers) == "0 call 1, 1 call 0" && !stuck.isCertain)
      #expect(stuck.waits.filter(\.hasTimeout).map(\.process) == [workers[0].id])
      pass(.seconds(1), on: runtime)
      #expect(runtime.stuckReported.count == 1 && runtime.deadlocksReported.isEmpty)
      end(workers)
    }
  }

  @Test
  func `O3: a circle whose timeout ends it within a tenth of a second is not reported`() throws {
    let isSimulated = Self.isSimulated
    _ = try onRuntime { runtime in
      let (workers, log) = (runtime.spawnWorkers(2), Log<String>())
      closeCircle(workers, timeout: .milliseconds(60), log)
      pass(.milliseconds(500), on: runtime)
      // Real threads may be later than that.
      _ = runtime.spawn { process in for worker in workers { try process.ask(worker) } }.joinBlocking()
      #expect(log.entries == ["timedOut", "replied"])
      if isSimulated { #expect(runtime.stuckReported.isEmpty) }
      #expect(runtime.deadlocksReported.isEmpty)
      end(workers)
    }
  }

  @Test
  func `O3: each new circle of processes that try again is reported once`() throws {
    let isSimulated = Self.isSimulated
    _ = try onRuntime { runtime in
      let workers = runtime.spawnWorkers(2)
      workers[1].send(Order { process in try process.ask(workers[0]) })
      workers[0].send(
        Order { process in
          for _ in 0..<3 { do { try process.ask(workers[1], timeout: .milliseconds(400)) } catch CallError.timedOut {} }
        }
      )
      pass(.milliseconds(1_150), on: runtime)
      if isSimulated { #expect(runtime.stuckReported.count == 3) }
      pass(.milliseconds(500), on: runtime)
      #expect(runtime.deadlocksReported.isEmpty)
      end(workers)
    }
  }

  @Test
  func `O3: a runtime with a circle that is not certain becomes idle, and ends`() throws {
    let isSimulated = Self.isSimulated
    let statistics = try onRuntime { runtime in
      let workers = runtime.spawnWorkers(2)
      closeUncertainCircle(workers)
      runtime.waitUntilIdle()
      pass(.milliseconds(200), on: runtime)
      if !isSimulated { wait(until: "the circle is reported", on: runtime) { !runtime.stuckReported.isEmpty } }
      #expect(runtime.stuckReported.count == 1)
    }
    #expect(statistics.processesCreated == statistics.processesEnded)
  }

  @Test func `O3: a circle that is not certain is reported when nothing else happens`() throws {
    _ = try withRuntime { runtime in
      let workers = runtime.spawnWorkers(2)
      closeUncertainCircle(workers)
      wait(until: "the circle is reported", on: runtime) { !runtime.stuckReported.isEmpty }
      #expect(runtime.stuckReported.count == 1 && runtime.deadlocksReported.isEmpty)
      end(workers)
    }
  }
}

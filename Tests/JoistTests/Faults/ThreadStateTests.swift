// SPDX-License-Identifier: Apache-2.0
//
// Thread state that a crash leaves changed is restored before another process runs on the thread.

import CFaultProbe
import Foundation
import Joist
import Synchronization
import TestSupport
import Testing

private enum Locals { @TaskLocal static var number = 0 }

/// An executor that runs each job of a Swift task in a process of its own.
private final class JobExecutor: TaskExecutor {
  private let runtime: ProcessRuntime
  let jobs = Count()
  init(_ runtime: ProcessRuntime) { self.runtime = runtime }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    jobs.add()
    runtime.spawn { process in
      Running.process.withLock { $0 = Running(process) }
      job.runSynchronously(on: self.asUnownedTaskExecutor())
    }
  }
}

/// The process that runs the current job, for use by that job alone.
private struct Running: @unchecked Sendable {
  static let process = Mutex<Running?>(nil)
  let process: ProcessContext<Never>
  init(_ process: ProcessContext<Never>) { self.process = process }
}

private var isInTask: Bool { withUnsafeCurrentTask { $0 != nil } }

@Suite(.timeLimit(.minutes(15)), .serialized) struct ThreadStateTests {
  @Test func `P5: after a job crashes, no other process sees its task, its task locals or its executor`() throws {
    let log = Log<Bool>()
    let statistics = try withRuntime(.init(schedulers: 1)) { runtime in
      let executor = JobExecutor(runtime)
      for number in 1...3 {
        Task(executorPreference: executor) {
          Locals.$number.withValue(number) { try? WayOfDying.unwrap.die() }
        }
        #expect(runtime.waitUntilIdle(timeout: .seconds(60)), "the crash of job \(number)")
        runtime.spawn { _ in log.add(isInTask || Locals.number != 0) }
        #expect(runtime.waitUntilIdle(timeout: .seconds(60)), "the process after job \(number)")
      }
    }
    #expect(log.entries == [false, false, false] && statistics.trapsContained == 3)
  }

  @Test func `C1: a process that runs a task keeps its thread and its task where it would yield`() throws {
    let log = Log<String>()
    _ = try withRuntime(.init(schedulers: 1, spareSchedulers: 0)) { runtime in
      let executor = JobExecutor(runtime)
      Task(executorPreference: executor) {
        let before = withUnsafeCurrentTask { $0?.hashValue }
        Locals.$number.withValue(4) {
          let process = Running.process.withLock { $0! }.process
          process.spawn { _ in log.add(isInTask || Locals.number != 0 ? "leaked" : "alone") }
          // More than a slice, and a suspension, after which it goes on, too.
          for _ in 0..<10_000 { try? process.yield() }
          process.ref.suspend()
          try? process.yield()
          process.ref.resume()
          let after = withUnsafeCurrentTask { $0?.hashValue }
          log.add(before == after && before != nil && Locals.number == 4 ? "same" : "lost")
        }
      }
      #expect(runtime.waitUntilIdle(timeout: testLimit), "the job and the process that it spawned")
    }
    #expect(log.entries == ["same", "alone"])
  }

  @Test func `C1: a process that would wait inside a task ends with a sentence that says so`() throws {
    let semaphore = ProcessSemaphore(permits: 0)
    let waits: [@Sendable (ProcessContext<Never>) throws -> Void] = [
      { process in try process.sleep(for: .seconds(1)) }, { _ in try semaphore.acquire() },
      { process in process.blocking {} },
    ]
    _ = try withRuntime { runtime in
      let executor = JobExecutor(runtime)
      for wait in waits {
        let before = runtime.recentReports.count
        Task(executorPreference: executor) { try wait(Running.process.withLock { $0! }.process) }
        TestSupport.wait(until: "the process has ended", on: runtime) { runtime.recentReports.count > before }
        #expect("\(runtime.recentReports[before])".contains("cannot wait inside a Swift task"))
      }
      semaphore.release()
      #expect(semaphore.tryAcquire())
    }
  }

  @Test func `P5: signals that a crash leaves blocked, even in a handler, are not blocked for other processes`() async {
    await #expect(processExitsWith: .success) {
      // A new thread inherits the signal mask of the thread that makes it.
      probe_block(0)
      let runtime = try ProcessRuntime(.init(schedulers: 1))
      let ways: [@Sendable (ProcessContext<Never>) throws -> Void] = [
        { _ in probe_crash_in_handler(SIGUSR1, SIGUSR2) },
        { _ in
          probe_block(SIGUSR1)
          try WayOfDying.unwrap.die()
        },
        { _ in
          probe_block(SIGUSR2)
          print(probe_take_stack(600 << 10))
        },
        { process in
          probe_block(SIGUSR2)
          print(callDeeply(process))
        },
        { process in
          process.blocking {
            probe_block(SIGUSR2)
            try? WayOfDying.fatal.die()
          }
        },
      ]
      for way in ways {
        runtime.spawn(options: .init(), way)
        await runtime.waitUntilIdle()
        let blocked = Log<Bool>()
        runtime.spawn { process in
          blocked.add(probe_is_blocked(SIGUSR1) || probe_is_blocked(SIGUSR2))
          blocked.add(process.blocking { probe_is_blocked(SIGUSR1) || probe_is_blocked(SIGUSR2) })
        }
        await runtime.waitUntilIdle()
        precondition(blocked.entries == [false, false])
      }
      let counters = runtime.statistics
      precondition(counters.trapsContained + counters.overflowsContained == ways.count)
    }
  }
}

@inline(never)
private func callDeeply(_ process: ProcessContext<Never>, _ depth: Int = 0) -> Int {
  if depth == .max { return 0 }
  process.spawn { _ in }
  return unknown(callDeeply(process, depth + 1)) + 1
}

// SPDX-License-Identifier: Apache-2.0
//
// Systems that give a program no more threads.

import CFaultProbe
import Foundation
import Joist
import TestSupport
import Testing

@Suite struct ScarceThreadTests {
  /// A timeout that is longer than any wait of these tests takes.
  private let limit = Duration.seconds(60)

  @Test func `I2: a runtime that does not get all its threads is not made, but the next one is`() throws {
    let configuration = ProcessRuntime.Configuration(schedulers: 3, processLimit: 4_321, slots: 64)
    for threads in 0..<4 {
      let platform = ScarcePlatform(threads: threads)
      let error = #expect(throws: ResourceError.self) { try ProcessRuntime(configuration, platform: platform) }
      #expect(error?.description.contains("thread for joist-\(threads < 3 ? "\(threads)" : "watchdog")") == true)
      let runtime = try ProcessRuntime(configuration)
      let ended = Count()
      for _ in 0..<100 { runtime.spawn { _ in ended.add() } }
      #expect(runtime.waitUntilIdle(timeout: limit), "processes did not end")
      #expect(ended.total == 100 && runtime.shutdown().isEmpty)
    }
  }

  @Test func `I2: a spare scheduler without a thread is reported, not counted, and started later`() throws {
    let platform = ScarcePlatform(threads: 3)
    let runtime = try ProcessRuntime(.init(schedulers: 2, slots: 64), platform: platform)
    let (isReported, isFree, hasEnded) = (Signal(), Count(), Signal())
    runtime.handleReports { report in
      if report.description.contains("thread for joist-spare-2") { isReported.raise() }
    }
    runtime.spawn { _ in while isFree.total == 0 {} }
    #expect(isReported.wait(limit), "no report of the missing thread came")
    #expect(runtime.statistics.spareStarts == 0)
    // Both schedulers are stuck now, so the next process runs only if a spare scheduler gets its thread.
    runtime.spawn { _ in while isFree.total == 0 {} }
    platform.giveThreads(10)
    runtime.spawn { _ in hasEnded.raise() }
    #expect(hasEnded.wait(limit), "no spare scheduler was started later")
    isFree.add()
    #expect(runtime.waitUntilIdle(timeout: limit), "the runtime was never idle again")
    #expect(runtime.shutdown().isEmpty)
  }

  @Test func `I2: a runtime becomes idle again even if no spare scheduler ever got a thread`() throws {
    let platform = ScarcePlatform(threads: 2)
    let runtime = try ProcessRuntime(.init(schedulers: 1, slots: 64), platform: platform)
    let (isFree, hasEnded) = (Count(), Signal())
    runtime.spawn { _ in while isFree.total == 0 {} }
    runtime.spawn { _ in hasEnded.raise() }
    let end = ContinuousClock.now + limit
    while runtime.recentReports.isEmpty && ContinuousClock.now < end { sched_yield() }
    #expect(!runtime.recentReports.isEmpty, "no report of the missing thread came")
    isFree.add()
    #expect(hasEnded.wait(limit), "the process behind the stuck one did not run")
    #expect(runtime.waitUntilIdle(timeout: limit), "the runtime was never idle again")
    #expect(runtime.shutdown().isEmpty)
  }

  @Test func `I2: a blocking closure without a thread runs on its scheduler, and that is reported`() throws {
    let platform = ScarcePlatform(threads: 2)
    let runtime = try ProcessRuntime(.init(schedulers: 1, slots: 64), platform: platform)
    let results = Log<Int>()
    for number in 0..<3 { runtime.spawn { process in results.add(process.blocking { number }) } }
    #expect(runtime.waitUntilIdle(timeout: limit), "closures of blocking did not end")
    #expect(results.entries.sorted() == [0, 1, 2])
    #expect(runtime.recentReports.contains { $0.description.contains("thread for joist-blocking") })
    #expect(runtime.shutdown().isEmpty)
  }

  @Test func `I2: a wait for a descriptor is refused with a message if the poller gets no thread`() throws {
    let platform = ScarcePlatform(threads: 2)
    let runtime = try ProcessRuntime(.init(schedulers: 1, slots: 64), platform: platform)
    let (log, pair) = (Log<String>(), try Pair())
    defer { pair.close() }
    runtime.spawn { process in
      do { _ = try process.waitReadable(pair.near) } catch { log.add("\(error)") }
    }
    #expect(runtime.waitUntilIdle(timeout: limit), "the refused wait did not end")
    #expect(log.entries.first?.contains("the system gave no thread") == true)
    #expect(runtime.shutdown().isEmpty)
  }

  @Test(arguments: [false, true])
  func `I2: a requested shutdown ends the runtime without a thread of its own`(isIdle: Bool) throws {
    let platform = ScarcePlatform(threads: 2)
    let hasEnded = Signal()
    do {
      let runtime = try ProcessRuntime(.init(schedulers: 1, slots: 64), platform: platform)
      runtime.spawn(Int.self) { process in
        defer { hasEnded.raise() }
        _ = try process.receive()
      }
      #expect(runtime.waitUntilIdle(timeout: limit), "a process that waits is idle")
      if isIdle {
        // The last reference to the runtime is released.
      } else {
        runtime.spawn { _ in runtime.shutdown(deadline: .seconds(30)) }
        #expect(runtime.waitUntilIdle(timeout: limit), "the process that asks did not end")
        #expect(runtime.shutdown(deadline: .seconds(30)).isEmpty)
      }
    }
    #expect(hasEnded.wait(limit), "the process was not told to exit")
  }

  #if os(Linux)
    @Test func `I2: if the system gives no thread, the error says so`() async {
      await #expect(processExitsWith: .exitCode(0)) {
        probe_end_after(60, "a runtime without threads")
        let first = try ProcessRuntime(.init(schedulers: 1, slots: 64))
        guard probe_limit_threads(54_321) else { exit(4) }
        do { _ = try ProcessRuntime(.init(schedulers: 2, slots: 64)) } catch {
          let ended = Count()
          first.spawn { _ in ended.add() }
          await first.waitUntilIdle()
          let survivors = await first.shutdown()
          exit("\(error)".contains("thread for joist-0") && ended.total == 1 && survivors.isEmpty ? 0 : 2)
        }
        exit(3)
      }
    }
  #endif
}

/// An event that a test waits for, with a timeout.
private final class Signal: Sendable {
  private let semaphore = DispatchSemaphore(value: 0)

  func raise() { semaphore.signal() }

  func wait(_ limit: Duration) -> Bool {
    semaphore.wait(timeout: .now() + .seconds(Int(limit.components.seconds))) == .success
  }
}

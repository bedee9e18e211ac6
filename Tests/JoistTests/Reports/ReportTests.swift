// SPDX-License-Identifier: Apache-2.0
//
// Dead letters, abnormal exits and other reports, and the handlers that get them.

import CFaultProbe
import Foundation
import Joist
import TestSupport
import Testing

private struct Failure: Error {}

private struct Explosive: Error { let mine: Mine }

@inline(never) private func recurse(_ depth: Int) -> Int { depth == .max ? 0 : recurse(depth + 1) + 1 }

@Suite struct ReportTests {
  @Test func `I2: faults are counted and kept, and nothing is printed until a caller asks`() throws {
    let simulation = try HandDriven()
    let runtime = simulation.runtime
    let dead = runtime.spawn(Int.self, options: .init(name: "short")) { _ in throw Failure() }
    runtime.spawn { try $0.exit(.shutdown) }
    simulation.run()
    dead.send(1)
    runtime.spawn { _ in dead.send(2) }
    let full = runtime.spawn(String.self, options: .init(mailbox: .bounded(1, whenFull: .dropNewest))) { process in
      try process.sleep(for: .seconds(1))
    }
    for word in ["a", "b"] { full.send(word) }
    simulation.run(passingTime: false)
    let lines = runtime.recentReports.map { "\($0)" }
    #expect(lines.count == 4 && lines[0] == "short \(dead.id) ended: error: Failure()")
    #expect(lines[1] == "Int from a thread to \(dead.id) was dropped: no process")
    #expect(lines[2] == "String from a thread to \(full.id) was dropped: mailbox full")
    #expect(lines[3].hasPrefix("Int from #") && lines[3].hasSuffix(" to \(dead.id) was dropped: no process"))
    #expect(runtime.statistics.abnormalExits == 1 && runtime.statistics.messagesDropped == 2)
  }

  @Test func `I2: processes that block on each other's full mailboxes or wait for each other's ends are reported`()
    throws
  {
    let simulation = try HandDriven()
    let runtime = simulation.runtime
    let told = Log<Deadlock>()
    runtime.handleReports { report in if case .deadlock(let deadlock) = report.event { told.add(deadlock) } }
    let full = SpawnOptions(mailbox: .bounded(1, whenFull: .block))
    // Each sends the next one more messages than fit in its mailbox.
    let addresses = Log<ProcessRef<Int>>()
    let size = 3
    for number in 0..<size {
      addresses.add(
        runtime.spawn(Int.self, options: full) { process in
          try process.sleep(for: .seconds(1))
          let next = addresses.entries[(number + 1) % size]
          next.send(1)
          if number == 1 { _ = try process.join(next) } else { next.send(2) }
        }
      )
    }
    simulation.run()
    #expect(told.entries.count == 1 && Set(told.entries[0].waits.map(\.process)) == Set(addresses.entries.map(\.id)))
    #expect("\(runtime.recentReports.last!)".contains("none can go on: #"))
    // When one is told to exit, the others go on.
    addresses.entries[0].exit()
    simulation.run()
    #expect(addresses.entries.allSatisfy { !$0.isAlive })
    #expect(told.entries.count == 1)
  }

  @Test func `I2: waits that end by a timeout or by another process are not taken for a deadlock`() throws {
    let simulation = try HandDriven()
    let runtime = simulation.runtime
    let full = SpawnOptions(mailbox: .bounded(1, whenFull: .block))
    let addresses = Log<ProcessRef<Int>>()
    for number in 0..<2 {
      addresses.add(
        runtime.spawn(Int.self, options: full) { process in
          try process.sleep(for: .seconds(1))
          let other = addresses.entries[1 - number]
          if number == 0 {
            _ = try process.join(other, timeout: .seconds(1))
            _ = try process.receive()
            return
          }
          for number in 0..<2 { other.send(number) }
        }
      )
    }
    simulation.run()
    #expect(addresses.entries.allSatisfy { !$0.isAlive })
    #expect(!runtime.recentReports.contains { if case .deadlock = $0.event { true } else { false } })
  }

  @Test func `I2: the start of the last spare scheduler is reported once, and that scheduler runs the handler`() throws
  {
    let told = Log<String>()
    let release = Count()
    _ = try withRuntime(.init(schedulers: 1, spareSchedulers: 2)) { runtime in
      runtime.handleReports { report in
        guard case .schedulersUsedUp(let stuck, let spares) = report.event else { return }
        told.add("\(stuck) \(spares)")
        release.add()
      }
      for _ in 0..<2 { runtime.spawn { _ in while release.total == 0 {} } }
    }
    #expect(told.entries == ["2 2"])
  }

  @Test func `I2: schedulers that are all stuck without a spare one are reported`() throws {
    let release = Count()
    let runtime = try ProcessRuntime(.init(schedulers: 2, spareSchedulers: 0))
    for _ in 0..<2 { runtime.spawn { _ in while release.total == 0 {} } }
    var said: [Report] = []
    while said.isEmpty {
      said = runtime.recentReports.filter { if case .schedulersUsedUp(2, 0) = $0.event { true } else { false } }
    }
    release.add()
    runtime.waitUntilIdle()
    runtime.shutdown()
    #expect("\(said[0])".hasPrefix("2 schedulers are stuck"))
  }

  @Test
  func `I2: blocking closures that wait for a thread are reported once, and the number of threads is configurable`()
    throws
  {
    let told = Log<Int>()
    let (running, overLimit, release) = (Count(), Count(), Count())
    _ = try withRuntime(.init(schedulers: 2, blockingThreads: 3)) { runtime in
      runtime.handleReports { report in
        guard case .blockingThreadsUsedUp(let limit) = report.event else { return }
        told.add(limit)
      }
      let processes = (0..<10).map { _ in
        runtime.spawn { process in
          process.blocking {
            running.add()
            if running.total > 3 { overLimit.add() }
            while release.total == 0 {}
            running.add(-1)
          }
        }
      }
      // If all but three had run before the others came, there would be a second report.
      while told.entries.isEmpty || processes.contains(where: { $0.snapshot?.waitReason != .blocking }) {
        sched_yield()
      }
      release.add()
    }
    #expect(told.entries == [3] && overLimit.total == 0)
    #expect(throws: ConfigurationError.self) { try ProcessRuntime(.init(blockingThreads: 0)) }
  }

  @Test func `I2: a handler gets every report, in order, in a process of its own`() throws {
    let simulation = try HandDriven()
    let log = Log<String>()
    simulation.runtime.handleReports { report in
      if case .abnormalExit(_, _, let reason) = report.event { log.add("\(reason)") }
    }
    for reason in [ExitReason.killed, .error(Failure()), .noProcess] {
      simulation.runtime.spawn { try $0.exit(reason) }
    }
    simulation.run()
    #expect(log.entries == ["killed", "error: Failure()", "no process"])
    #expect(simulation.runtime.processes.count == 1)
  }

  @Test func `I2: none of the first reports is lost, even if many processes make them at the same moment`() throws {
    let handled = Count()
    for _ in 0..<many(500, oneIn: 50) {
      _ = try withRuntime(.init(schedulers: 4)) { runtime in
        runtime.handleReports { _ in handled.add() }
        for _ in 0..<8 { runtime.spawn { _ in throw Failure() } }
      }
    }
    #expect(handled.total == many(500, oneIn: 50) * 8)
  }

  @Test func `I2: at most a configured number of reports is made per second, and the next says how many were not`()
    throws
  {
    let simulation = try HandDriven()
    let log = Log<Int>()
    simulation.runtime.handleReports(perSecond: 10) { log.add($0.suppressed) }
    let dead = simulation.runtime.spawn(Int.self) { _ in }
    simulation.run()
    for _ in 0..<1_000 { dead.send(0) }
    simulation.run()
    #expect(log.entries == Array(repeating: 0, count: 10))
    simulation.platform.advance(by: 1_000_000_000)
    dead.send(0)
    simulation.run()
    #expect(log.entries.last == 990 && log.entries.count == 11)
  }

  @Test func `I2: a crash of a report handler ends that handler only, and the next report gets a new one`() throws {
    let simulation = try HandDriven()
    let count = Count()
    simulation.runtime.handleReports { _ in
      count.add()
      fatalError("handling")
    }
    for _ in 0..<3 {
      simulation.runtime.spawn { try $0.exit(.killed) }
      simulation.run()
    }
    #expect(count.total == 3 && simulation.runtime.statistics.trapsContained == 3)
    simulation.runtime.handleReports(nil)
    simulation.runtime.spawn { try $0.exit(.killed) }
    simulation.run()
    #expect(count.total == 3 && simulation.runtime.processes.isEmpty)
  }

  @Test func `I2: a handler that crashes at every third report loses those reports and no others`() throws {
    let simulation = try HandDriven()
    let (called, handled) = (Count(), Count())
    simulation.runtime.handleReports(perSecond: 10_000) { _ in
      called.add()
      if unknown(called.total % 3 == 0) { fatalError("every third") }
      handled.add()
    }
    for _ in 0..<900 { simulation.runtime.spawn { try $0.exit(.killed) } }
    simulation.run()
    #expect(called.total == 900 && handled.total == 600 && simulation.runtime.statistics.trapsContained == 300)
  }

  @Test(.threadsAndSeeds)
  func `I2: a handler that ends or is changed while many processes report misses no report`() throws {
    let (processes, changes) = (size(400, seeds: 20), size(20, seeds: 4))
    let handled = Count()
    _ = try onRuntime(slots: 8) { runtime in
      let handler: @Sendable (Report) -> Void = { _ in handled.add() }
      runtime.handleReports(perSecond: .max, handler)
      let refs = (0..<processes).map { _ in runtime.spawn { try $0.exit(.killed) } }
      for _ in 0..<changes { runtime.handleReports(perSecond: .max, handler) }
      for ref in refs { _ = ref.joinBlocking() }
    }
    #expect(handled.total == processes)
  }

  @Test(arguments: [40, 100])
  func `P5: an error in a report whose deinit traps ends neither another process nor the program`(ends: Int) throws {
    let destroyed = Count()
    do {
      let simulation = try HandDriven()
      simulation.runtime.handleReports(perSecond: 10_000, nil)
      for _ in 0..<ends { simulation.runtime.spawn { _ in throw Explosive(mine: Mine(destroyed)) } }
      simulation.run()
      // Beyond 64 reports the oldest is dropped. Its deinit crashes, and that is reported in turn.
      #expect(destroyed.total == (ends > 64 ? ends : 0))
      #expect(simulation.runtime.processes.isEmpty && simulation.runtime.isQuiet)
      // The remaining reports are dropped with the runtime, on this thread.
      simulation.runtime.shutdown()
    }
    #expect(destroyed.total == ends)
  }

  @Test func `O2: crashes are counted by signal, and stack overflows apart from them`() throws {
    let simulation = try HandDriven()
    let runtime = simulation.runtime
    for _ in 0..<2 { runtime.spawn { _ in fatalError("counted") } }
    runtime.spawn { _ in try WayOfDying.cDivision.die() }
    runtime.spawn { _ in _ = recurse(0) }
    simulation.run()
    // Which signals these are depends on the architecture.
    var reported: [Int32: Int] = [:]
    for report in runtime.recentReports {
      if case .abnormalExit(_, _, .trap(let trap)) = report.event { reported[trap.signal, default: 0] += 1 }
    }
    #expect(runtime.statistics.trapsBySignal == reported && reported.values.max() ?? 0 >= 2)
    #expect(runtime.statistics.overflowsContained == 1)
  }

  @Test func `I2: each signal that another handler has taken over is reported`() async {
    await #expect(processExitsWith: .exitCode(0)) {
      let runtime = try ProcessRuntime(.init(schedulers: 1))
      for signal in [SIGFPE, SIGILL] { probe_install_counter(signal) }
      runtime.spawn { process in while true { try process.sleep(for: .milliseconds(1)) } }
      let reported = {
        Set(
          runtime.recentReports.compactMap { report -> Int32? in
            if case .crashesNotContained(let signal) = report.event { signal } else { nil }
          }
        )
      }
      wait(until: "both are reported") { reported().count == 2 }
      exit(reported() == [SIGFPE, SIGILL] ? 0 : 1)
    }
  }
}

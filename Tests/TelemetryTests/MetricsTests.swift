// SPDX-License-Identifier: Apache-2.0
//
// The figures of a runtime in a metrics backend.

#if Telemetry
  import CoreMetrics
  import Dispatch
  import Foundation
  import Joist
  @testable import JoistTelemetry
  import TestSupport
  import Testing

  /// Runs processes that leave a trace in most figures.
  private func work(on runtime: ProcessRuntime) async {
    let echo = runtime.spawn(ReplyTo<Int>.self) { process in
      while true { try process.receive().send(1) }
    }
    for _ in 0..<20 {
      runtime.spawn { process in for _ in 0..<20 { let _: Int = try process.call(echo) { $0 } } }
    }
    let dead = runtime.spawn(Int.self) { _ in fatalError("a crash that is counted") }
    _ = await runtime.waitUntilIdle(timeout: testLimit)
    dead.send(1)
  }

  /// The number of threads with the recorder's name.
  private func samplingThreads() -> Int {
    let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? []
    return tasks.count { task in
      (try? String(contentsOfFile: "/proc/self/task/\(task)/comm", encoding: .utf8))?.hasPrefix("joist-metrics")
        ?? false
    }
  }

  extension TelemetryTests {
    @Suite struct MetricsTests {
      private let table = MetricsTable()

      @Test func `O1: counters have the values of the runtime's statistics`() async throws {
        let runtime = try ProcessRuntime(.init(schedulers: 2, spareSchedulers: 1, alarms: .none))
        let metrics = try RuntimeMetrics(of: runtime, every: .milliseconds(100), factory: table)
        await work(on: runtime)
        _ = await runtime.waitUntilIdle(timeout: testLimit)
        metrics.stop()
        let statistics = runtime.statistics
        #expect(statistics.messagesSent >= 400 && statistics.trapsContained == 1)
        #expect(table.total("joist_spawned") == Double(statistics.processesCreated))
        #expect(table.total("joist_messages_sent") == Double(statistics.messagesSent))
        #expect(table.total("joist_messages_received") == Double(statistics.messagesReceived))
        #expect(table.total("joist_parks") == Double(statistics.parks))
        #expect(table.total("joist_reductions") == Double(statistics.reductions))
        #expect(table.total("joist_exits{reason=crash}") == 1)
        #expect(table.total("joist_exits{reason=error}") == 0)
        #expect(
          table.total("joist_exits{reason=normal}") == Double(statistics.processesEnded - statistics.abnormalExits)
        )
        let traps = ["SIGILL", "SIGTRAP"].map { table.total("joist_traps{signal=\($0)}") }
        #expect(traps.reduce(0, +) == 1)
        #expect(table.total("joist_dead_letters{cause=ended}") == 1)
        for scheduler in statistics.schedulers {
          #expect(table.total("joist_scheduler_slices{scheduler=\(scheduler.index)}") == Double(scheduler.slices))
        }
        await runtime.shutdown()
      }

      @Test func `O1: the time of a scheduler by state is that of the statistics`() async throws {
        let runtime = try ProcessRuntime(.init(schedulers: 1, spareSchedulers: 0, alarms: .none))
        let metrics = try RuntimeMetrics(of: runtime, every: .milliseconds(100), factory: table)
        await work(on: runtime)
        let before = runtime.statistics.schedulers[0].time
        metrics.stop()
        let after = runtime.statistics.schedulers[0].time
        for activity in SchedulerActivity.allCases {
          let total = table.total("joist_scheduler_seconds{scheduler=0,state=\(activity)}")
          let (least, most) = (before[activity] ?? .zero, after[activity] ?? .zero)
          #expect(total >= least / .seconds(1) - 1e-6 && total <= most / .seconds(1) + 1e-6, "\(activity)")
        }
        await runtime.shutdown()
      }

      @Test func `O1: gauges have the present values, and are zero after a stop`() async throws {
        let runtime = try ProcessRuntime(.init(schedulers: 1, spareSchedulers: 0, alarms: .none))
        for _ in 0..<5 { runtime.spawn(Int.self) { process in _ = try process.receive(where: { $0 < 0 }) } }
        let full = runtime.spawn(Int.self) { process in _ = try process.receive(where: { $0 < 0 }) }
        for number in 0..<30 { full.send(number) }
        #expect(await runtime.waitUntilIdle(timeout: testLimit))
        let metrics = try RuntimeMetrics(of: runtime, every: .milliseconds(100), factory: table)
        try await eventually("a sample") { table.now.gauges["joist_mailbox_longest"] == 30 }
        let gauges = table.now.gauges
        #expect(gauges["joist_processes{state=waiting}"] == 6 && gauges["joist_processes{state=running}"] == 0)
        #expect(gauges["joist_run_queue_length{scheduler=0,level=normal}"] == 0)
        #expect(gauges["joist_slot_limit"] == Double(runtime.statistics.slotLimit))
        metrics.stop()
        #expect(table.now.gauges.values.allSatisfy { $0 == 0 })
        await runtime.shutdown()
      }

      @Test func `O1: names and dimensions are stable, and depend on the number of schedulers alone`() async throws {
        let runtime = try ProcessRuntime(.init(schedulers: 1, spareSchedulers: 0, alarms: .none))
        let metrics = try RuntimeMetrics(of: runtime, dimensions: [("node", "n")], factory: table)
        try await eventually("a sample") { table.now.gauges["joist_slot_limit{node=n}"] ?? 0 > 0 }
        let before = table.series
        await work(on: runtime)
        metrics.stop()
        #expect(table.series == before)
        #expect(table.series.sorted() == expectedSeries.sorted())
        await runtime.shutdown()
      }

      @Test func `O1: counters never go down, also when a runtime follows another one`() async throws {
        var sent = 0.0
        for _ in 0..<3 {
          let runtime = try ProcessRuntime(.init(schedulers: 1, spareSchedulers: 0, alarms: .none))
          let metrics = try RuntimeMetrics(of: runtime, every: .milliseconds(100), factory: table)
          await work(on: runtime)
          await runtime.shutdown()
          metrics.stop()
          sent += Double(runtime.statistics.messagesSent)
        }
        #expect(table.total("joist_messages_sent") == sent)
        #expect(table.now.added.values.joined().allSatisfy { $0 > 0 && $0.isFinite })
      }

      @Test func `O1: histograms become bounded numbers of values, in seconds`() async throws {
        let runtime = try ProcessRuntime(.init(schedulers: 1, spareSchedulers: 0, alarms: .none))
        await work(on: runtime)
        for _ in 0..<10 {
          runtime.spawn { process in for _ in 0..<10_000 { try process.yield() } }
        }
        #expect(await runtime.waitUntilIdle(timeout: .seconds(60)))
        let metrics = try RuntimeMetrics(of: runtime, factory: table)
        metrics.stop()
        let histograms = runtime.histograms
        let delays = try #require(table.now.recorded["joist_run_delay_seconds{level=normal}"])
        let histogram = try #require(histograms.runDelay[.normal])
        #expect(histogram.count > 1_000 && delays.count > 500 && delays.count <= 1_000 + histogram.buckets.count)
        let bounds = Set(histogram.buckets.map { Double($0.upperBound) * 1e-9 })
        #expect(Set(delays) == bounds)
        let middle = try #require(histogram.quantile(0.5))
        #expect(abs(delays.sorted()[delays.count / 2] - Double(middle) * 1e-9) <= Double(middle) * 0.3e-9)
        await runtime.shutdown()
      }

      @Test func `O1: the sampling thread ends with a stop, with a release, and with its runtime`() async throws {
        let others = samplingThreads()
        var runtime: ProcessRuntime? = try ProcessRuntime(.init(schedulers: 1, spareSchedulers: 0, alarms: .none))
        let stopped = try RuntimeMetrics(of: #require(runtime), factory: table)
        var released: RuntimeMetrics? = try RuntimeMetrics(of: #require(runtime), factory: table)
        let outlived = try RuntimeMetrics(of: #require(runtime), every: .milliseconds(100), factory: table)
        try await eventually("three threads") { samplingThreads() == others + 3 }
        stopped.stop()
        stopped.stop()
        #expect(samplingThreads() == others + 2)
        withExtendedLifetime(released) {}
        released = nil
        try await eventually("one thread") { samplingThreads() == others + 1 }
        await runtime?.shutdown()
        runtime = nil
        try await eventually("no thread") { samplingThreads() == others }
        withExtendedLifetime(outlived) {}
      }

      @Test func `O1: a backend that does not answer holds up no process, and not one that stops the recording`()
        async throws
      {
        let runtime = try ProcessRuntime(.init(schedulers: 1, spareSchedulers: 0, alarms: .none))
        let gate = DispatchSemaphore(value: 0)
        let metrics = try RuntimeMetrics(of: runtime, factory: MetricsTable(gate: gate))
        let process = runtime.spawn { process in
          metrics.stop()
          try process.sleep(for: .milliseconds(1))
        }
        try await eventually("the process ends") { !process.isAlive }
        gate.signal()
        metrics.stop()
        await runtime.shutdown()
      }

      @Test func `O1: a total that was read lower for a moment is neither taken back nor counted twice`() {
        var series = SeriesMaker(factory: table, common: []).counter("c")
        for total in [5, 3, 6, 6, 5, 8] { series.follow(total) }
        #expect(table.now.added["c"] == [5, 1, 2])
        var seconds = SeriesMaker(factory: table, common: []).seconds("s", [])
        for total in [5, 3, 6] { seconds.follow(.seconds(total)) }
        #expect(table.now.added["s"] == [5, 1])
      }

      private var expectedSeries: [String] {
        let levels = ["max", "high", "normal", "low"]
        var all = [
          "spawned", "processes_abandoned", "messages_sent", "messages_received", "reductions", "parks", "frames_saved",
          "frames_restored", "agings", "restarts", "spare_starts", "young_collections", "full_collections",
          "heap_bytes_allocated", "heap_bytes_survived", "mailbox_longest", "slots_made", "slot_limit", "slice_seconds",
          "message_latency_seconds", "switch_seconds", "creation_seconds", "mailbox_length",
        ].map { "joist_\($0){node=n}" }
        all += ["crash", "error", "linked", "normal"].map { "joist_exits{reason=\($0),node=n}" }
        let signals = ["SIGILL", "SIGTRAP", "SIGABRT", "SIGFPE", "SIGBUS", "SIGSEGV", "none", "stack_overflow"]
        all += signals.map { "joist_traps{signal=\($0),node=n}" }
        all += ["ended", "full", "late_reply", "unread"].map { "joist_dead_letters{cause=\($0),node=n}" }
        all += ["ready", "running", "waiting", "suspended"].map { "joist_processes{state=\($0),node=n}" }
        all += ["savedFrames", "heaps"].map { "joist_memory_bytes{part=\($0),node=n}" }
        all += levels.map { "joist_run_delay_seconds{level=\($0),node=n}" }
        all += levels.map { "joist_run_queue_length{scheduler=0,level=\($0),node=n}" }
        all += ["running", "stealing", "timers", "collecting", "spinning", "sleeping", "overhead"].map {
          "joist_scheduler_seconds{scheduler=0,state=\($0),node=n}"
        }
        all += ["slices", "steals", "migrations", "stuck"].map { "joist_scheduler_\($0){scheduler=0,node=n}" }
        return all
      }
    }
  }
#endif

// SPDX-License-Identifier: Apache-2.0
//
// The reports of a runtime in a log.

#if Telemetry
  import Dispatch
  import Joist
  import JoistSupervision
  @testable import JoistTelemetry
  import Logging
  import TestSupport
  import Testing

  private struct Failure: Error, CustomStringConvertible { var description: String { "disk\nfull" } }

  private struct Explosive: Error, CustomStringConvertible {
    var description: String { fatalError("the description crashes") }
  }

  @inline(never) private func crashHere(_ numbers: [Int]) { fatalError("element \(numbers.count) is missing") }

  extension TelemetryTests {
    @Suite struct ReportLogTests {
      private let lines = LogLines()

      @Test func `I3: each event has its level`() async throws {
        let runtime = try ProcessRuntime(.init(schedulers: 1, alarms: .none))
        runtime.handleReports(to: lines.logger())
        let dead = runtime.spawn(Int.self) { process in
          process.spawnLinked { process in try process.sleep(for: .seconds(60)) }
          throw Failure()
        }
        try await eventually("an exit and a linked exit") { lines.all.count == 2 }
        dead.send(1)
        try await eventually("a dead letter") { lines.all.count == 3 }
        let levels = Dictionary(lines.all.map { ($0.value("joist.event"), $0.level) }) { first, _ in first }
        #expect(levels == ["abnormal_exit": .error, "linked_exit": .notice, "dead_letter": .warning])
        let exit = try #require(lines.of("abnormal_exit").first)
        #expect(exit.value("joist.process") == "\(dead.id)" && exit.value("joist.reason") == "error")
        #expect(exit.text.hasSuffix("ended: error: disk\\u{A}full"))
        #expect(lines.of("linked_exit").first?.value("joist.origin") == "\(dead.id)")
        let letter = try #require(lines.of("dead_letter").first)
        #expect(letter.value("joist.receiver") == "\(dead.id)" && letter.value("joist.message_type") == "Int")
        #expect(letter.value("joist.cause") == "no_process" && letter.value("joist.sender") == nil)
        await runtime.shutdown()
      }

      @Test func `I3: a crash has its message, its names, and the function that crashed`() async throws {
        let runtime = try ProcessRuntime(.init(schedulers: 1, alarms: .none))
        runtime.handleReports(to: lines.logger())
        let top = try await Supervisor(.oneForOne) {
          Child("wor\u{7}ker", Int.self, restart: .temporary, options: .init(name: "the\u{1B}name")) { process in
            crashHere(Array(repeating: 0, count: try process.receive()))
          }
        }.start(on: runtime, options: .init(name: "top"))
        try runtime.lookup("the\u{1B}name", as: Int.self)?.send(3)
        try await eventually("a crash") { !lines.all.isEmpty }
        let line = lines.all[0]
        #expect(line.level == .error && line.text.contains("element 3 is missing"))
        #expect(!line.text.unicodeScalars.contains { $0.properties.generalCategory == .control })
        #expect(line.value("joist.reason") == "trap" && line.value("joist.name") == "the\\u{1B}name")
        #expect(line.value("joist.child") == "wor\\u{7}ker" && line.value("joist.supervisor") == "top")
        #expect(line.value("joist.attempt") == "1")
        #expect(line.backtrace.contains { $0.contains("crashHere") && $0.contains("ReportLogTests.swift") })
        #expect(!line.isOnScheduler)
        _ = top
        await runtime.shutdown()
      }

      @Test func `I3: a deadlock is critical and shows where its processes wait`() async throws {
        let runtime = try ProcessRuntime(.init(schedulers: 1, alarms: .none))
        runtime.handleReports(to: lines.logger())
        let other = runtime.spawn(ProcessRef<ReplyTo<Int>>.self) { process in
          let first = try process.receive()
          let _: Int = try process.call(first) { $0 }
        }
        let first = runtime.spawn(ReplyTo<Int>.self) { process in
          other.send(process.ref)
          _ = try process.join(other)
        }
        try await eventually("a deadlock") { !lines.of("deadlock").isEmpty }
        let line = try #require(lines.of("deadlock").first)
        #expect(line.level == .critical && line.text.contains("\(first.id)") && line.text.contains("\(other.id)"))
        // The time for lookups may be used up after the first one.
        #expect(line.backtrace.count == 2 && line.backtrace[0].contains("ReportLogTests"))
        await runtime.shutdown()
      }

      @Test func `I3: an alarm is a warning with its figure, and its end a notice`() async throws {
        let mailbox = AlarmThreshold(raisesAt: 5, endsBelow: 1)
        let runtime = try ProcessRuntime(.init(schedulers: 1, alarms: AlarmThresholds([.longMailbox: mailbox])))
        runtime.handleReports(to: lines.logger())
        let full = runtime.spawn(Int.self, options: .init(name: "full")) { process in
          _ = try process.receive(where: { $0 < 0 })
          process.flush()
          _ = try process.receive()
        }
        // The watchdog looks while processes run.
        let busy = runtime.spawn { process in while true { try process.yield() } }
        for number in 0..<7 { full.send(number) }
        try await eventually("an alarm") { lines.of("alarm").count == 1 }
        full.send(-1)
        try await eventually("its end") { lines.of("alarm").count == 2 }
        busy.exit()
        #expect(lines.all.map(\.level) == [.warning, .notice])
        let line = lines.all[0]
        #expect(line.value("joist.alarm") == "longMailbox" && line.value("joist.name") == "full")
        #expect(line.value("joist.value") == "7" && line.value("joist.threshold") == "5")
        await runtime.shutdown()
      }

      @Test func `I3: a flood of dead letters is one line, then one with a rate for each second`() async throws {
        let runtime = try ProcessRuntime(.init(schedulers: 1, alarms: .none))
        runtime.handleReports(to: lines.logger(), perSecond: 1_000)
        let dead = runtime.spawn(Int.self) { _ in }
        #expect(await runtime.waitUntilIdle(timeout: testLimit))
        for number in 0..<50 { dead.send(number) }
        // On a machine that stalls, the flood may take more than one second.
        var counted: [Int] { lines.of("dead_letters").compactMap { Int($0.value("joist.rate") ?? "") } }
        try await eventually("all are told of") { lines.of("dead_letter").count + counted.reduce(0, +) == 50 }
        #expect(lines.all.count < 10)
        let line = try #require(lines.of("dead_letters").first)
        #expect(line.text == "\(counted[0]) more messages were dropped, \(counted[0]) a second")
        #expect(line.level == .warning)
        let before = lines.of("dead_letter").count
        dead.send(1)
        try await eventually("the first of the next flood") { lines.of("dead_letter").count == before + 1 }
        await runtime.shutdown()
      }

      @Test func `I3: a log that waits holds up no scheduler, and lines beyond the bound are counted`() async throws {
        let runtime = try ProcessRuntime(.init(schedulers: 1, spareSchedulers: 0, alarms: .none))
        let gate = DispatchSemaphore(value: 0)
        lines.wait(at: gate)
        runtime.handleReports(to: lines.logger(), perSecond: 1_000_000)
        for _ in 0..<100 {
          for _ in 0..<15 { runtime.spawn { _ in throw Failure() } }
          // With the log at its gate the only scheduler still runs all of them, and the handler of their reports.
          #expect(await runtime.waitUntilIdle(timeout: testLimit))
        }
        #expect(lines.waiting == 1 && lines.all.isEmpty)
        lines.wait(at: nil)
        gate.signal()
        try await eventually("the lines that waited") { lines.all.count == 1_001 }
        runtime.spawn { _ in throw Failure() }
        try await eventually("one more line") { lines.all.count == 1_002 }
        #expect(lines.all.last?.value("joist.suppressed") == "499")
        await runtime.shutdown()
      }

      @Test func `I3: an error whose description crashes costs its own line only`() async throws {
        let runtime = try ProcessRuntime(.init(schedulers: 1, alarms: .none))
        runtime.handleReports(to: lines.logger())
        runtime.spawn { _ in throw Explosive() }
        runtime.spawn { _ in throw Failure() }
        try await eventually("the other line") { lines.all.contains { $0.text.contains("disk") } }
        #expect(!lines.all.contains { $0.text.contains("Explosive") })
        await runtime.shutdown()
      }

      @Test func `I3: crashes in a loop are looked up once, and always have their backtrace`() async throws {
        let runtime = try ProcessRuntime(.init(schedulers: 1, alarms: .none))
        let log = runtime.handleReports(to: lines.logger(), perSecond: 1_000)
        for _ in 0..<80 { runtime.spawn { _ in crashHere([]) } }
        try await eventually("80 crashes") { lines.all.count == 80 }
        flush(log)
        #expect(lines.all.allSatisfy { line in line.backtrace.contains { $0.contains("crashHere") } })
        await runtime.shutdown()
      }

      @Test func `I3: with no time left for lookups, a backtrace has addresses`() {
        var cache = SymbolCache(credit: .zero)
        #expect(cache.lines(of: [0x1000, 0x2A]) == ["0x1000", "0x2a"])
      }

      private func flush(_ log: ReportLog) { log.flush() }
    }
  }
#endif

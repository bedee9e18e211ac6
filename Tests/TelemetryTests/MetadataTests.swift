// SPDX-License-Identifier: Apache-2.0
//
// The metadata of the process that writes to a log.

#if Telemetry
  import Joist
  import JoistSupervision
  import JoistTelemetry
  import Logging
  import TestSupport
  import Testing

  extension TelemetryTests {
    @Suite struct MetadataTests {
      private let lines = LogLines()
      private var logger: Logger { lines.logger(.joistProcess) }

      @Test func `O1: a line that a process writes has its identity and name, and one of a thread has neither`()
        async throws
      {
        let runtime = try ProcessRuntime(.init(schedulers: 1, alarms: .none))
        let logger = logger
        logger.info("outside")
        let plain = runtime.spawn { _ in logger.info("plain") }
        let named = runtime.spawn(Never.self, options: .init(name: "st\nore")) { _ in logger.info("named") }
        #expect(await runtime.waitUntilIdle(timeout: testLimit))
        try #require(lines.all.count == 3)
        #expect(lines.all[0].metadata.isEmpty)
        #expect(lines.all[1].metadata == ["joist.process": "\(plain.id)"])
        #expect(lines.all[2].metadata == ["joist.process": "\(named.id)", "joist.name": "st\\u{A}ore"])
        await runtime.shutdown()
      }

      @Test func `O1: a name that a process gets or loses later is in its next line`() async throws {
        let runtime = try ProcessRuntime(.init(schedulers: 1, alarms: .none))
        let logger = logger
        runtime.spawn { process in
          try process.register(as: "late")
          logger.info("named")
          process.unregister("late")
          logger.info("nameless")
        }
        #expect(await runtime.waitUntilIdle(timeout: testLimit))
        #expect(lines.all.map { $0.value("joist.name") } == ["late", nil])
        await runtime.shutdown()
      }

      @Test func `O1: a closure of blocking writes in the name of its process`() async throws {
        let runtime = try ProcessRuntime(.init(schedulers: 1, alarms: .none))
        let logger = logger
        let process = runtime.spawn(Never.self, options: .init(name: "reader")) { process in
          process.blocking { logger.info("read") }
        }
        #expect(await runtime.waitUntilIdle(timeout: testLimit))
        #expect(lines.all.map(\.metadata) == [["joist.process": "\(process.id)", "joist.name": "reader"]])
        await runtime.shutdown()
      }

      @Test func `O1: a supervisor's child writes with its name and that of its supervisor`() async throws {
        let runtime = try ProcessRuntime(.init(schedulers: 1, alarms: .none))
        let logger = logger
        let inner = Supervisor(.oneForOne) {
          Child("sto\u{1B}re", Int.self) { process in
            logger.info("here")
            _ = try process.receive()
          }
        }
        let top = try await Supervisor(.oneForOne) { Child("inner", supervisor: inner) }.start(on: runtime)
        try await eventually("the child writes") { !lines.all.isEmpty }
        let line = lines.all[0]
        #expect(line.value("joist.child") == "sto\\u{1B}re" && line.value("joist.supervisor") == "inner")
        #expect(line.value("joist.process")?.hasPrefix("#") == true && line.value("joist.name") == nil)
        _ = top
        await runtime.shutdown()
      }
    }
  }
#endif

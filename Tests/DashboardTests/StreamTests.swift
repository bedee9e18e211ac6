// SPDX-License-Identifier: Apache-2.0
//
// The stream of events: its form, what it costs the program, and clients that do not read.

#if Dashboard
  import Foundation
  @testable import JoistDashboard
  import JoistObservation
  import Synchronization
  import TestSupport
  import Testing

  @Suite struct StreamTests {
    private func options(_ change: (inout DashboardLimits) -> Void = { _ in }) -> DashboardOptions {
      var options = DashboardOptions(port: 0)
      options.limits.interval = .milliseconds(20)
      options.limits.costFactor = 0
      // A client may wait for its turn behind all other tests.
      options.limits.stall = .seconds(600)
      change(&options.limits)
      return options
    }

    /// Returns the frames of a stream, each as its fields.
    private func frames(_ text: String) -> [[String: String]] {
      // The sizes of chunks stand between the frames.
      text.replacingOccurrences(of: "\r\n", with: "\n").components(separatedBy: "\n\n").dropFirst().map { frame in
        Dictionary(
          frame.split(separator: "\n").compactMap { line in
            guard let colon = line.firstRange(of: ": ") else { return nil }
            return (String(line[..<colon.lowerBound]), String(line[colon.upperBound...]))
          },
          uniquingKeysWith: { $1 }
        )
      }
    }

    @Test func `O2: the stream has frames with growing numbers, a retry time, and the model's JSON`() async throws {
      let dashboard = Dashboard(MadeUpProgram(), options: options())
      try await withServer(dashboard) { port in
        try await connect(port, sending: eventsRequest(port)) { connection in
          try await connection.read {
            $0.components(separatedBy: "event: runtime").count > 3 && $0.hasSuffix("\n\n\r\n")
          }
          #expect(connection.text.contains("text/event-stream"))
          let frames = frames(connection.text)
          #expect(frames.contains { $0["retry"] == "2000" })
          let numbers = frames.compactMap { $0["id"] }.compactMap(Int.init)
          #expect(numbers.count > 3 && zip(numbers, numbers.dropFirst()).allSatisfy { $0 < $1 })
          struct Event: Decodable {
            var program: ProgramDescription
            var runtime: RuntimeDescription
          }
          let data = try #require(frames.first { $0["event"] == "runtime" }?["data"])
          #expect(try JSONDecoder().decode(Event.self, from: Data(data.utf8)).runtime.schedulers.count == 8)
          let waits = try #require(frames.first { $0["event"] == "waits" }?["data"])
          #expect(try JSONDecoder().decode(WaitList.self, from: Data(waits.utf8)).circles.count == 1)
          #expect(frames.contains { $0["event"] == "supervision" })
        }
        try await eventually("the page has left") { await dashboard.service.events.pageCount == 0 }
      }
    }

    @Test func `O2: a hundred pages ask the program as often as one does`() async throws {
      let program = MadeUpProgram()
      let dashboard = Dashboard(program, options: options { $0.interval = .milliseconds(200) })
      let clock = ContinuousClock()
      try await withServer(dashboard) { port in
        let start = clock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
          for _ in 0..<100 {
            group.addTask {
              try await connect(port, sending: eventsRequest(port)) { connection in
                try await connection.read { $0.components(separatedBy: "event: runtime").count > 3 }
              }
            }
          }
          try await group.waitForAll()
        }
        let steps = Int((clock.now - start) / .milliseconds(200)) + 2
        #expect(program.count("runtime") >= 3)
        #expect(program.count("runtime") <= steps)
        #expect(program.count("waits") <= steps)
      }
    }

    @Test func `O2: the program is not asked while no page looks`() async throws {
      let program = MadeUpProgram()
      let dashboard = Dashboard(program, options: options())
      try await withServer(dashboard) { port in
        try await connect(port, sending: eventsRequest(port)) { try await $0.read { $0.contains("event: runtime") } }
        try await eventually("the page has left") { await dashboard.service.events.pageCount == 0 }
        try await eventually("the task has ended") { await !dashboard.service.events.isSampling }
        let asked = program.count("runtime")
        try await expect(200, port, "/api/program")
        #expect(program.count("runtime") == asked)
      }
    }

    @Test func `O2: a client that does not read is dropped`() async throws {
      let dashboard = Dashboard(
        MadeUpProgram(processCount: 400),
        options: options {
          $0.interval = .milliseconds(1)
          $0.stall = .milliseconds(300)
        }
      )
      try await withServer(dashboard) { port in
        try await connect(port, sending: eventsRequest(port), receiveBufferBytes: 4_096) { connection in
          try await connection.read { $0.contains("event: runtime") }
          try await eventually("the client is dropped") {
            await dashboard.service.events.pageCount == 0
          }
        }
      }
    }

    @Test func `O2: more pages than the limit are turned away with one line`() async throws {
      let dashboard = Dashboard(MadeUpProgram(), options: options { $0.streams = 1 })
      try await withServer(dashboard) { port in
        try await connect(port, sending: eventsRequest(port)) { connection in
          try await connection.read { $0.contains("event: runtime") }
          try await expect(503, port, "/events")
        }
      }
    }

    @Test func `O2: a page is told when the program does not answer, and when it does again`() async throws {
      let program = MadeUpProgram()
      try await withServer(Dashboard(program, options: options())) { port in
        try await connect(port, sending: eventsRequest(port)) { connection in
          try await connection.read { $0.contains("event: runtime") }
          program.fail("The program has ended; start it again.")
          try await connection.read { $0.contains("event: failure\ndata: {\"error\":\"The program has ended") }
          program.fail(nil)
          let runs = connection.text.components(separatedBy: "event: runtime").count
          try await connection.read { $0.components(separatedBy: "event: runtime").count > runs }
        }
      }
    }

    @Test func `O2: a silent stream has heartbeats`() async throws {
      let program = MadeUpProgram()
      program.fail("No answer.")
      let options = options { $0.heartbeat = .milliseconds(50) }
      try await withServer(Dashboard(program, options: options)) { port in
        try await connect(port, sending: eventsRequest(port)) { connection in
          try await connection.read { $0.components(separatedBy: ": \n\n").count > 3 }
        }
      }
    }
  }

  /// Counts the tasks that have come to a place.
  private final class Arrivals: Sendable {
    private let number = Mutex(0)
    var count: Int { number.withLock { $0 } }
    func add() { number.withLock { $0 += 1 } }
  }

  @Suite struct AnswerTests {
    @Test func `O2: the longer the program works on an answer, the later it is asked again`() async throws {
      func asked(tookNanoseconds: Int64, until isEnough: (Int) -> Bool) async throws -> Int {
        let program = MadeUpProgram(tookNanoseconds: tookNanoseconds)
        var limits = DashboardLimits()
        limits.interval = .milliseconds(1)
        let answers = Answers(program, limits: limits)
        try await eventually("enough questions") {
          _ = try? await answers.answer(.processes(by: .cpu, limit: 10, growth: false))
          return isEnough(program.count("processes cpu false"))
        }
        return program.count("processes cpu false")
      }
      #expect(try await asked(tookNanoseconds: 1_000) { $0 >= 3 } >= 3)
      // After 100 ms of work the question waits for 10 s.
      let end = ContinuousClock.now + .milliseconds(400)
      #expect(try await asked(tookNanoseconds: 100_000_000) { _ in .now > end } == 1)
    }

    @Test func `O2: requests for the same list at the same time share one question`() async throws {
      let program = MadeUpProgram()
      var limits = DashboardLimits()
      limits.interval = .seconds(600)
      let answers = Answers(program, limits: limits)
      let arrivals = Arrivals()
      program.closeGate()
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<30 {
          group.addTask {
            arrivals.add()
            _ = try await answers.answer(.processes(by: .cpu, limit: 10, growth: false))
          }
        }
        try await eventually("all have asked") { await answers.count > 0 && arrivals.count == 30 }
        program.openGate()
        try await group.waitForAll()
      }
      #expect(program.count("processes cpu false") == 1)
    }

    @Test func `O2: the number of kept answers has a bound`() async throws {
      var limits = DashboardLimits()
      limits.answers = 8
      let answers = Answers(MadeUpProgram(), limits: limits)
      for index in 0..<100 { _ = try? await answers.answer(.process("missing \(index)")) }
      #expect(await answers.count <= 9)
    }

    @Test func `O2: a thread that writes a file waits for the client, and ends when the client leaves`() async throws {
      let pipe = ChunkPipe()
      let threads = QuestionThreads(name: "test", count: 1, capacity: 1)
      let writing = Task { try await threads.run { for _ in 0..<1_000 { try pipe.put([1]) } } }
      var iterator = pipe.chunks.makeAsyncIterator()
      #expect(try await iterator.next() == [1])
      pipe.abandon()
      await #expect(throws: InspectionError.self) { try await writing.value }
    }
  }
#endif

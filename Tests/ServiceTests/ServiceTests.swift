// SPDX-License-Identifier: Apache-2.0
//
// Runtimes and supervision trees as services of a group.

#if Service
  import Joist
  import JoistService
  import JoistSupervision
  import Logging
  import ServiceLifecycle
  import TestSupport
  import Testing

  private let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  /// A child that says when it starts and ends.
  private func child(_ name: String, _ log: Log<String>, ends: Bool = true) -> Child {
    Child(name, Never.self, shutdown: ends ? .after(.seconds(5)) : .never) { process in
      log.add("\(name) starts")
      defer { log.add("\(name) ends") }
      while true {
        do { try process.sleep(for: .seconds(1_000)) } catch { if ends { throw error } }
      }
    }
  }

  /// A service that lasts until the group shuts down, and says when it ends.
  private struct User: Service {
    let started: AsyncStream<Void>.Continuation
    let log: Log<String>

    func run() async throws {
      started.yield()
      try await gracefulShutdown()
      log.add("user ends")
    }
  }

  @Suite(.timeLimit(.minutes(15))) struct ServiceTests {
    @Test func `A3: a group ends a supervision tree in reverse order, and then its runtime`() async throws {
      let runtime = try ProcessRuntime(.init(schedulers: 1))
      let log = Log<String>()
      let (starts, started) = AsyncStream.makeStream(of: Void.self)
      let tree = Supervisor(.oneForOne) {
        child("first", log)
        child("second", log)
      }
      let group = ServiceGroup(
        services: [
          RuntimeService(runtime, logger: silent), SupervisionService(tree, on: runtime, logger: silent),
          User(started: started, log: log),
        ],
        logger: silent
      )
      async let ended: Void = group.run()
      for await _ in starts { break }
      while log.entries.count < 2 { await Task.yield() }
      await group.triggerGracefulShutdown()
      try await ended
      #expect(log.entries == ["first starts", "second starts", "user ends", "second ends", "first ends"])
      #expect(throws: SpawnError.self) { try runtime.trySpawn(Never.self) { _ in } }
    }

    @Test func `A3: a group is told when its supervisor gives up`() async throws {
      let runtime = try ProcessRuntime(.init(schedulers: 1))
      let tree = Supervisor(.oneForOne, intensity: 1) {
        Child("crashes", Never.self) { _ in fatalError("always") }
      }
      await #expect(throws: SupervisorEnded.self) { try await SupervisionService(tree, on: runtime).run() }
      await runtime.shutdown()
    }

    @Test func `A3: a supervisor that does not end in time is killed`() async throws {
      let runtime = try ProcessRuntime(.init(schedulers: 1))
      let log = Log<String>()
      let tree = Supervisor(.oneForOne) { child("stays", log, ends: false) }
      let service = SupervisionService(tree, on: runtime, gracePeriod: .milliseconds(50), logger: silent)
      let task = Task { try await service.run() }
      while log.entries.isEmpty { await Task.yield() }
      task.cancel()
      await #expect(throws: SupervisorEnded.self) { try await task.value }
      await runtime.shutdown()
    }
  }
#endif

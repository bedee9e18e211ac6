// SPDX-License-Identifier: Apache-2.0
//
// A crash that is not contained ends the program as it does without Joist: the signal handler that was installed before
// Joist's receives it.

import CFaultProbe
import Dispatch
import Foundation
import Joist
import Testing

/// Runs `body` as a process of an exit test, whose program exits with status 7 if it survives.
private func crash(
  _ configuration: ProcessRuntime.Configuration = .init(schedulers: 1),
  _ body: @escaping @Sendable (ProcessContext<Never>) throws -> Void
) throws {
  let runtime = try ProcessRuntime(configuration)
  runtime.spawn(options: .init(), body)
  runtime.waitUntilIdle()
  exit(7)
}

private let lazy: Int = { if unknown(true) { fatalError("in an initializer") } else { 1 } }()

@Suite struct PassedOnTests {
  @Test func `P5: a crash after which memory cannot be trusted ends the program`() async {
    await #expect(processExitsWith: .signal(SIGSEGV)) { try crash { _ in probe_write_wildly() } }
    await #expect(processExitsWith: .signal(SIGABRT)) { try crash { _ in probe_free_wildly() } }
    await #expect(processExitsWith: .signal(SIGABRT)) { try crash { _ in probe_abort() } }
    await #expect(processExitsWith: .signal(SIGABRT)) { try crash { _ in probe_assert() } }
    await #expect(processExitsWith: .signal(SIGILL)) { try crash { _ in probe_execute_nonsense() } }
  }

  @Test func `P5: a crash outside any process, in a runtime's caller or in a task, ends the program`() async {
    await #expect(processExitsWith: .failure) {
      let runtime = try ProcessRuntime(.init(schedulers: 1))
      runtime.spawn { _ in }
      try WayOfDying.unwrap.die()
    }
    await #expect(processExitsWith: .failure) {
      let runtime = try ProcessRuntime(.init(schedulers: 1))
      runtime.spawn { _ in }
      await Task.detached { try? WayOfDying.unwrap.die() }.value
    }
  }

  @Test func `P5: a crash that leaves a lock held ends the program, unless the configuration contains it`() async {
    await #expect(processExitsWith: .failure) { try crash { _ in print(lazy) } }
    await #expect(processExitsWith: .exitCode(7)) {
      try crash(.init(schedulers: 1, onTrapWithLock: .contain)) { _ in print(lazy) }
    }
    await #expect(processExitsWith: .failure) {
      try crash { _ in DispatchQueue(label: "own").sync { try? WayOfDying.unwrap.die() } }
    }
    await #expect(processExitsWith: .exitCode(7)) {
      try crash(.init(schedulers: 1, onTrapWithLock: .contain)) { _ in
        let queue = DispatchQueue(label: "own")
        queue.sync { queue.sync {} }
      }
    }
  }

  @Test func `P5: a runtime that is configured not to contain crashes lets every crash end the program`() async {
    await #expect(processExitsWith: .failure) {
      try crash(.init(schedulers: 1, onTrap: .crash)) { _ in try WayOfDying.unwrap.die() }
    }
    await #expect(processExitsWith: .signal(SIGSEGV)) {
      try crash(.init(schedulers: 1, onTrap: .crash)) { _ in print(probe_take_stack(600 << 10)) }
    }
  }

  @Test func `P5: a signal handler installed before Joist gets only the crashes that are not contained`() async {
    await #expect(processExitsWith: .exitCode(41)) {
      probe_install_counter(SIGSEGV)
      try crash { process in
        process.spawn { _ in print(probe_take_stack(600 << 10)) }
        try process.sleep(for: .milliseconds(5))
        probe_write_wildly()
      }
    }
  }

  @Test func `P5: a signal handler installed after Joist stays installed`() async {
    await #expect(processExitsWith: .exitCode(41)) {
      let runtime = try ProcessRuntime(.init(schedulers: 1))
      for signal in [SIGILL, SIGTRAP] { probe_install_counter(signal) }
      runtime.spawn { _ in try WayOfDying.unwrap.die() }
      await runtime.waitUntilIdle()
    }
  }

  @Test func `P5: Swift's message for a crash that is not contained is printed as usual`() async throws {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try crash(.init(schedulers: 1, onTrap: .crash)) { _ in try WayOfDying.fatal.die() }
    }
    let text = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
    #expect(text.contains("Fatal error: fatal 0"))
  }

  @Test func `I2: a fatal error of the runtime itself is never contained`() async {
    await #expect(processExitsWith: .failure) {
      let runtime = try ProcessRuntime(.init(schedulers: 1))
      runtime.spawn { _ in stopTheProgram("of the runtime's own") }
      await runtime.waitUntilIdle()
      exit(0)
    }
  }
}

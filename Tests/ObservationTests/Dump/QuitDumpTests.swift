// SPDX-License-Identifier: Apache-2.0
//
// Dumps that a program writes when it gets SIGQUIT.

import Foundation
import Joist
import JoistObservation
import TestSupport
import Testing

/// Never suspends.
@inline(never) private func spinForever(_ count: Count) { while true { count.add() } }

/// A runtime with two schedulers, both in endless loops, and one process that waits.
private func makeHungRuntime() async throws -> ProcessRuntime {
  let runtime = try ProcessRuntime(.init(schedulers: 2, spareSchedulers: 0, alarms: .none))
  runtime.spawn(Int.self, options: .init(name: "waiting")) { _ = try $0.receive() }
  await runtime.waitUntilIdle()
  let counts = [Count(), Count()]
  for (number, count) in counts.enumerated() {
    runtime.spawn(options: .init(name: "spinner \(number)")) { _ in spinForever(count) }
  }
  while counts.contains(where: { $0.total == 0 }) { sched_yield() }
  return runtime
}

/// Waits for a dump in a file, which is complete as soon as it is there, and removes the file.
private func takeDump(_ path: String) -> [DumpSection] {
  while true {
    if let bytes = FileManager.default.contents(atPath: path) {
      unlink(path)
      return [DumpSection](text: Array(bytes))
    }
    sched_yield()
  }
}

/// Waits for the signal to end the program, and ends it with the code 1 if that does not happen.
private func awaitEnd() -> Never {
  let end = ContinuousClock.now + .seconds(20)
  while ContinuousClock.now < end { sched_yield() }
  exit(1)
}

@Suite struct QuitDumpTests {
  @Test func `O1: a program whose schedulers all hang in loops writes a dump whenever it gets SIGQUIT`() async throws {
    let result = try #require(
      await #expect(processExitsWith: .exitCode(7), observing: [\.standardErrorContent]) {
        let runtime = try await makeHungRuntime()
        let path = "/tmp/joist-test-quit-\(getpid())"
        try runtime.dumpOnQuit()
        // Dumps are written in this order, so standard error has one when the file is there.
        try runtime.dumpOnQuit(to: path)
        for _ in 0..<2 {
          kill(getpid(), SIGQUIT)
          let sections = takeDump(path)
          precondition(sections.last?.name == "end")
          precondition(sections.process("waiting")?.values["state"] == "waiting: receive")
        }
        exit(7)
      }
    )
    let sections = [DumpSection](text: result.standardErrorContent)
    #expect(sections.of("end").count == 2 && sections.of("joist").count == 2)
    #expect(sections.of("scheduler:").count { $0.values["running process"] != "none" } == 4)
    #expect(sections.process("spinner 0") != nil && sections.process("spinner 1") != nil)
    #if os(Linux)
      let running = sections.of("running:")
      #expect(Set(running.compactMap { $0.values["process"] }) == ["spinner 0", "spinner 1"])
      // A sample that is taken as a function begins lacks its caller.
      let spinning = running.filter { $0.lines.contains { $0.contains("spinForever") } }
      #expect(Set(spinning.map { $0.values["process"] }) == ["spinner 0", "spinner 1"], "\(running)")
    #endif
  }

  @Test func `O1: dumps on SIGQUIT that have stopped leave the signal as it was`() async {
    await #expect(processExitsWith: .signal(SIGQUIT)) {
      let runtime = try ProcessRuntime(.init(schedulers: 1))
      let path = "/tmp/joist-test-quit-\(getpid())"
      let dumps = [try runtime.dumpOnQuit(to: path), try runtime.dumpOnQuit(to: path + ".other")]
      dumps[1].stop()
      kill(getpid(), SIGQUIT)
      precondition(takeDump(path).last?.name == "end")
      precondition(!FileManager.default.fileExists(atPath: path + ".other"))
      for _ in 0..<2 { dumps[0].stop() }
      kill(getpid(), SIGQUIT)
      awaitEnd()
    }
  }

  @Test func `O1: a dump on SIGQUIT that cannot be written is one line on standard error, and the next one works`()
    async throws
  {
    let result = try #require(
      await #expect(processExitsWith: .exitCode(7), observing: [\.standardErrorContent]) {
        let runtime = try ProcessRuntime(.init(schedulers: 1))
        let path = "/tmp/joist-test-quit-\(getpid())"
        try runtime.dumpOnQuit(to: "/nowhere/dump")
        try runtime.dumpOnQuit(to: path)
        kill(getpid(), SIGQUIT)
        precondition(takeDump(path).last?.name == "end")
        exit(7)
      }
    )
    let lines = String(decoding: result.standardErrorContent, as: UTF8.self).split(separator: "\n")
    #expect(lines.filter { $0.hasPrefix("joist: cannot write /nowhere/dump") }.count == 1)
  }

  @Test func `O1: dumps on SIGQUIT are refused where the signal has a handler, which stays`() async {
    await #expect(processExitsWith: .exitCode(8)) {
      let runtime = try ProcessRuntime(.init(schedulers: 1))
      signal(SIGQUIT) { _ in _exit(8) }
      do {
        try runtime.dumpOnQuit()
      } catch {
        precondition("\(error)".contains("another handler"))
        kill(getpid(), SIGQUIT)
      }
      awaitEnd()
    }
  }
}

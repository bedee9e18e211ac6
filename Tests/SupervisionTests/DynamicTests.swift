// SPDX-License-Identifier: Apache-2.0
//
// Supervisors whose children are started and terminated at run time.

import Joist
import JoistSupervision
import TestSupport
import Testing

@Suite struct DynamicSupervisorTests {
  @Test func `P5: children of a dynamic supervisor are started and terminated at run time`() throws {
    let stage = try Stage()
    let top = try stage.start(DynamicSupervisor(maximum: 2))
    let (a, b, c) = (stage.worker("a"), stage.worker("a"), stage.worker("c"))
    let first = try stage.inProcess { process in
      let first = try process.call(top) { .startChild(a, $0) }.get()
      _ = try process.call(top) { .startChild(b, $0) }.get()
      return first
    }
    #expect(first.state == .running && first.ref(as: ExitReason.self)?.isAlive == true)
    let error = #expect(throws: SupervisorError.self) {
      _ = try stage.inProcess { try $0.call(top) { .startChild(c, $0) }.get() }
    }
    #expect("\(try #require(error))" == "the supervisor has 2 children, its maximum")
    let id = try #require(first.process)
    try stage.inProcess { try $0.call(top) { .terminateChild(id, $0) }.get() }
    _ = try stage.inProcess { try $0.call(top) { .startChild(c, $0) }.get() }
    #expect(stage.log.entries == ["+a", "+a", "-a", "+c"])
    #expect(try stage.children(of: top).map(\.name) == ["a", "c"])
    #expect(stage.runtime.isQuiet)
  }

  @Test func `P5: a dynamic supervisor restarts failed children and forgets those that have ended normally`() throws {
    let stage = try Stage()
    let top = try stage.start(DynamicSupervisor())
    for (name, restart) in [("p", Child.Restart.permanent), ("t", .transient), ("x", .temporary)] {
      let child = stage.worker(name, restart: restart)
      _ = try stage.inProcess { try $0.call(top) { .startChild(child, $0) }.get() }
    }
    for name in ["p", "t", "x"] { try stage.end(name, of: top) }
    #expect(try stage.children(of: top).map(\.name) == ["p", "t"])
    try stage.end("t", of: top, .normal)
    #expect(try stage.children(of: top).map(\.name) == ["p"])
  }

  @Test func `P5: a child that is slow to start or to end delays no other child`() throws {
    let stage = try Stage()
    let top = try stage.start(DynamicSupervisor())
    let slow = Child("slow", server: { SlowBothWays() })
    let quick = stage.worker("quick")
    let log = stage.log
    stage.runtime.spawn { process in
      let id = try process.call(top) { .startChild(slow, $0) }.get().process!
      log.add("slow started")
      try process.call(top) { .terminateChild(id, $0) }.get()
      log.add("slow ended")
    }
    stage.settle()
    _ = try stage.inProcess { try $0.call(top) { .startChild(quick, $0) }.get() }
    #expect(log.entries == ["+quick"])
    stage.pass(.milliseconds(1_500))
    #expect(log.entries == ["+quick", "slow started"])
    try stage.end("quick", of: top)
    #expect(log.entries == ["-quick", "+quick"])
    stage.pass(.seconds(2))
    #expect(log.entries == ["-quick", "+quick", "slow ended"])
  }

  @Test func `P5: a child that fails to start on request is not added and does not count as a restart`() throws {
    let stage = try Stage()
    let top = try stage.start(DynamicSupervisor(intensity: 0))
    let bad = Child("bad", server: { () throws -> SlowBothWays in throw Failure() })
    for _ in 0..<3 {
      #expect(throws: SupervisorError.self) {
        _ = try stage.inProcess { try $0.call(top) { .startChild(bad, $0) }.get() }
      }
    }
    #expect(try stage.children(of: top).isEmpty)
  }

  @Test func `P5: a dynamic supervisor ends its children at the same time`() throws {
    let stage = try Stage()
    let top = try stage.start(DynamicSupervisor())
    let child = Child("slow", Int.self) { process in
      process.trapExits { _ in 1 }
      _ = try process.receive()
      try process.sleep(for: .seconds(60))
    }
    for _ in 0..<10 { _ = try stage.inProcess { try $0.call(top) { .startChild(child, $0) }.get() } }
    top.exit()
    stage.pass(.milliseconds(5_002))
    #expect(stage.log.entries == ["top: shutdown"])
    #expect(stage.runtime.processes.isEmpty)
  }

  @Test(.timeLimit(.minutes(15)))
  func `P5: ten thousand children are started, fail, are restarted and are ended`() throws {
    let (number, starts) = (many(10_000, oneIn: 50), Count())
    _ = try withRuntime { runtime in
      let top = try DynamicSupervisor(intensity: 2 * number).start(on: runtime)
      let child = Child("one", Int.self, restart: .transient) { process in
        starts.add()
        if try process.receive() == 0 { throw Failure() }
      }
      for _ in 0..<number { _ = try top.callBlocking { .startChild(child, $0) }.get() }
      for child in try top.callBlocking({ .children($0) }) { child.ref(as: Int.self)?.send(0) }
      runtime.waitUntilIdle()
      let count = try top.callBlocking { .count($0) }
      #expect(count.children == number && count.running == number)
      top.exit()
      runtime.waitUntilIdle()
      #expect(runtime.processes.isEmpty)
    }
    #expect(starts.total == 2 * number)
  }
}

/// A server that takes a second to start and another to end.
private struct SlowBothWays: Server {
  func start(in process: ProcessContext<Int>) throws {
    process.trapExits { _ in 1 }
    try process.sleep(for: .seconds(1))
  }

  func handle(_ message: sending Int, in process: ProcessContext<Int>) {}

  func terminate(_ reason: ExitReason, in process: ProcessContext<Int>) {
    do { try process.sleep(for: .seconds(1)) } catch { Issue.record("told to exit in `terminate`: \(error)") }
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// Tasks that do not end when they are told to, and children that are terminated when they have ended or not yet
// started.

import Joist
import JoistSupervision
import TestSupport
import Testing

@Suite struct SwallowTests {
  @Test func `P5: a task that does not end when its supervisor does is killed after five seconds`() throws {
    let stage = try Stage()
    let lock = ProcessLock(0)
    stage.runtime.spawn(Int.self) { process in
      try lock.withLock { _ in _ = try process.receive() }
    }
    stage.settle()
    let tasks = try TaskSupervisor.start(on: stage.runtime)
    // A wait for a lock cannot throw: telling the task to exit does not end it, killing it does.
    _ = tasks.async { _ in lock.withLock { $0 } }
    stage.settle()
    tasks.shutdown()
    stage.pass(.milliseconds(4_900))
    #expect(tasks.isAlive && stage.runtime.processes.count == 3)
    stage.pass(.milliseconds(200))
    #expect(!tasks.isAlive && stage.runtime.processes.count == 1)
  }

  @Test func `P5: terminating a child that has ended does not start another child before its turn`() throws {
    let stage = try Stage()
    let log = stage.log
    let isFirst = Count()
    let top = try stage.start(
      Supervisor(.restForOne) {
        stage.worker("a", restart: .transient)
        Child("b", server: { SlowStart(log: log, starts: isFirst) })
        stage.worker("c")
      }
    )
    try stage.end("a", of: top, .normal)
    #expect(try stage.child("a", of: top)?.state == .ended)
    try stage.child("b", of: top)?.ref(as: Int.self)?.send(0)
    stage.settle()
    #expect(log.entries.suffix(2) == ["-c", "b starts"])
    try stage.inProcess { try $0.call(top) { .terminateChild("a", $0) }.get() }
    #expect(log.entries.last == "b starts")
    stage.pass(.seconds(2))
    #expect(log.entries.suffix(2) == ["b has started", "+c"])
  }

  @Test func `P5: when a child is terminated during its start, the children behind it start at once`() throws {
    let stage = try Stage()
    let log = stage.log
    let starts = Count()
    let top = try stage.start(
      Supervisor(.restForOne) {
        Child("b", server: { SlowStart(log: log, starts: starts) })
        stage.worker("c")
      }
    )
    try stage.child("b", of: top)?.ref(as: Int.self)?.send(0)
    stage.settle()
    #expect(log.entries.last == "b starts")
    try stage.inProcess { try $0.call(top) { .terminateChild("b", $0) }.get() }
    #expect(log.entries.suffix(2) == ["b starts", "+c"])
    #expect(try stage.children(of: top).map(\.state) == [.ended, .running])
  }
}

/// A server that takes a second to start, except the first time.
private struct SlowStart: Server {
  let log: Log<String>
  let starts: Count

  mutating func start(in process: ProcessContext<Int>) throws {
    starts.add()
    if starts.total == 1 { return }
    log.add("b starts")
    try process.sleep(for: .seconds(1))
    log.add("b has started")
  }

  mutating func handle(_ message: Int, in process: ProcessContext<Int>) throws { throw Failure() }
}

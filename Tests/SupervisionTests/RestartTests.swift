// SPDX-License-Identifier: Apache-2.0
//
// Supervisors restart their children.

import Joist
import JoistSupervision
import TestSupport
import Testing

@Suite struct RestartTests {
  @Test(arguments: [ExitReason.normal, .shutdown, .killed, .error(Failure())])
  func `P5: a permanent child is restarted whatever its reason`(reason: ExitReason) throws {
    let stage = try Stage()
    let top = try stage.start(Supervisor(.oneForOne) { stage.worker("a") })
    try stage.end("a", of: top, reason)
    #expect(stage.log.entries == ["-a", "+a"])
    #expect(try stage.child("a", of: top)?.restarts == 1)
  }

  @Test func `P5: a transient child is restarted only when it fails`() throws {
    let stage = try Stage()
    let top = try stage.start(Supervisor(.oneForOne) { stage.worker("a", restart: .transient) })
    try stage.end("a", of: top, .error(Failure()))
    #expect(stage.log.entries == ["-a", "+a"])
    try stage.end("a", of: top, .shutdown)
    #expect(stage.log.entries == ["-a"])
    let info = try #require(try stage.child("a", of: top))
    #expect(info.state == .ended && info.process == nil && info.restarts == 1)
  }

  @Test func `P5: a temporary child is not restarted, and is forgotten`() throws {
    let stage = try Stage()
    let top = try stage.start(Supervisor(.oneForOne) { stage.worker("a", restart: .temporary) })
    try stage.end("a", of: top)
    #expect(stage.log.entries == ["-a"])
    #expect(try stage.children(of: top).isEmpty)
  }

  @Test func `P5: one-for-all ends the others in reverse order and starts all in order`() throws {
    let stage = try Stage()
    let top = try stage.start(
      Supervisor(.oneForAll) {
        for name in ["a", "b", "c"] { stage.worker(name) }
      }
    )
    try stage.end("b", of: top)
    #expect(stage.log.entries == ["-b", "-c", "-a", "+a", "+b", "+c"])
  }

  @Test func `P5: rest-for-one ends and restarts the children that were started later`() throws {
    let stage = try Stage()
    let top = try stage.start(
      Supervisor(.restForOne) {
        for name in ["a", "b", "c", "d"] { stage.worker(name) }
      }
    )
    try stage.end("b", of: top)
    #expect(stage.log.entries == ["-b", "-d", "-c", "+b", "+c", "+d"])
  }

  @Test func `P5: one end more than the intensity ends the others in reverse order, then the supervisor`() throws {
    let stage = try Stage()
    let top = try stage.start(
      Supervisor(.oneForOne, intensity: 2, within: .seconds(5)) {
        for name in ["a", "b", "c"] { stage.worker(name) }
      }
    )
    try stage.end("a", of: top)
    try stage.end("b", of: top)
    try stage.end("a", of: top)
    #expect(
      stage.log.entries == [
        "-a", "-c", "-b",
        "top: error: more than 2 restarts within 5.0 seconds; the last end was that of 'a': error: Failure()",
      ]
    )
  }

  @Test func `P5: restarts that are further apart than the window are never too many`() throws {
    let stage = try Stage()
    let top = try stage.start(Supervisor(.oneForOne, intensity: 1, within: .seconds(5)) { stage.worker("a") })
    for count in 1...10 {
      try stage.end("a", of: top)
      stage.simulation.platform.advance(by: 5_000_000_001)
      #expect(try stage.child("a", of: top)?.restarts == count)
    }
    #expect(top.isAlive)
  }

  @Test func `P5: a child that ends immediately after each start ends its supervisor, not the program`() throws {
    let stage = try Stage()
    let starts = Count()
    let top = try stage.start(
      Supervisor(.oneForOne, intensity: 5) { Child("a", Int.self) { _ in starts.add() } }
    )
    #expect(starts.total == 6)
    #expect(!top.isAlive)
    #expect(stage.log.entries.first?.contains("more than 5 restarts") == true)
  }

  @Test func `P5: the registered name of a child is free when the child is restarted`() throws {
    let stage = try Stage()
    let top = try stage.start(Supervisor(.oneForOne) { stage.worker("a", options: .init(name: "known")) })
    try stage.end("a", of: top)
    let found = try stage.runtime.lookup("known", as: ExitReason.self)
    #expect(found != nil)
    #expect(try stage.child("a", of: top)?.process == found?.id)
  }

  @Test func `P5: a start that fails during a restart counts as one more restart`() throws {
    let stage = try Stage()
    let starts = Count()
    let top = try stage.start(
      Supervisor(.oneForOne, intensity: 3) {
        Child("a", server: { [log = stage.log] in Frail(log: log, starts: starts, goodStarts: 1) })
        stage.worker("b")
      }
    )
    try stage.child("a", of: top)?.ref(as: ExitReason.self)?.send(.killed)
    stage.log.clear()
    stage.settle()
    #expect(starts.total == 4)
    #expect(
      stage.log.entries.last
        == "top: error: more than 3 restarts within 5.0 seconds; the last end was that of 'a': error: Failure()"
    )
  }

  @Test func `P5: a group of which one start fails is ended and restarted as a group`() throws {
    let stage = try Stage()
    let starts = Count()
    let top = try stage.start(
      Supervisor(.oneForAll, intensity: 3) {
        stage.worker("a")
        Child("b", server: { [log = stage.log] in Frail(log: log, starts: starts, badStarts: [2]) })
        stage.worker("c")
      }
    )
    try stage.end("a", of: top)
    #expect(stage.log.entries == ["-a", "-c", "-b", "+a", "!b", "-a", "+a", "+b", "+c"])
    #expect(try stage.children(of: top).map(\.state) == [.running, .running, .running])
  }
}

/// A server whose `start` throws at chosen starts.
struct Frail: Server {
  let log: Log<String>
  let starts: Count
  var goodStarts = Int.max
  var badStarts: Set<Int> = []

  func start(in process: ProcessContext<ExitReason>) throws {
    starts.add()
    if starts.total > goodStarts || badStarts.contains(starts.total) {
      log.add("!b")
      throw Failure()
    }
    log.add("+b")
  }

  func handle(_ message: sending ExitReason, in process: ProcessContext<ExitReason>) throws {
    try process.exit(message)
  }

  func terminate(_ reason: ExitReason, in process: ProcessContext<ExitReason>) { log.add("-b") }
}

// SPDX-License-Identifier: Apache-2.0
//
// Supervisors that restart children after a delay.

import Joist
import JoistSupervision
import TestSupport
import Testing

@Suite struct BackoffRestartTests {
  private let backoff = Backoff.exponential(from: .seconds(1), to: .seconds(4), jitter: 0)

  @Test func `P5: with a backoff a child is restarted after a delay that doubles each time`() throws {
    let stage = try Stage()
    let top = try stage.start(
      Supervisor(.oneForOne, intensity: 100, within: .seconds(60), backoff: backoff) { stage.worker("a") }
    )
    for (number, seconds) in [1, 2, 4, 4].enumerated() {
      try stage.end("a", of: top)
      let info = try #require(try stage.child("a", of: top))
      guard case .restarting(let time, let attempt) = info.state else { throw Failure() }
      #expect(attempt == number + 1 && info.restarts == number && info.process == nil)
      let wait = time - stage.clock()
      #expect(wait <= .seconds(seconds) && wait > .seconds(seconds) - .milliseconds(1))
      stage.pass(.seconds(seconds) - .milliseconds(2))
      #expect(stage.log.entries == ["-a"])
      stage.pass(.milliseconds(4))
      #expect(stage.log.entries == ["-a", "+a"])
    }
  }

  @Test func `P5: the delay is reset when a child has run for a whole window`() throws {
    let stage = try Stage()
    let top = try stage.start(
      Supervisor(.oneForOne, intensity: 100, within: .seconds(10), backoff: backoff) { stage.worker("a") }
    )
    for _ in 1...2 {
      try stage.end("a", of: top)
      stage.pass(.seconds(3))
    }
    stage.pass(.seconds(10))
    try stage.end("a", of: top)
    stage.pass(.milliseconds(1_002))
    #expect(stage.log.entries == ["-a", "+a"])
  }

  @Test func `P5: a supervisor that is told to exit during a backoff ends at once and starts no child`() throws {
    let stage = try Stage()
    let top = try stage.start(
      Supervisor(.oneForOne, backoff: backoff) {
        stage.worker("a")
        stage.worker("b")
      }
    )
    try stage.end("a", of: top)
    top.exit(.shutdown)
    stage.settle()
    #expect(stage.log.entries == ["-a", "-b", "top: shutdown"])
    #expect(stage.runtime.isQuiet)
    stage.pass(.seconds(2))
    #expect(stage.log.entries.count == 3)
  }

  @Test func `P5: while one child waits the others run, and their ends are handled`() throws {
    let stage = try Stage()
    let top = try stage.start(
      Supervisor(.oneForOne, backoff: backoff) {
        stage.worker("a")
        stage.worker("b")
      }
    )
    try stage.end("a", of: top)
    try stage.end("b", of: top)
    stage.pass(.seconds(2))
    #expect(stage.log.entries == ["-b", "+a", "+b"])
  }

  @Test func `P5: a child that ends while the group behind it waits is started with that group, once`() throws {
    let stage = try Stage()
    let top = try stage.start(
      Supervisor(.restForOne, backoff: backoff) {
        for name in ["a", "b", "c"] { stage.worker(name) }
      }
    )
    try stage.end("b", of: top)
    #expect(stage.log.entries == ["-b", "-c"])
    try stage.end("a", of: top)
    #expect(stage.log.entries == ["-a"])
    stage.pass(.seconds(3))
    #expect(stage.log.entries == ["-a", "+a", "+b", "+c"])
    #expect(try stage.children(of: top).map(\.restarts) == [1, 1, 1])
  }

  @Test func `P5: a waiting child can be terminated, and is not started afterwards`() throws {
    let stage = try Stage()
    let top = try stage.start(Supervisor(.oneForOne, backoff: backoff) { stage.worker("a") })
    try stage.end("a", of: top)
    try stage.inProcess { try $0.call(top) { .terminateChild("a", $0) }.get() }
    stage.pass(.seconds(3))
    #expect(stage.log.entries == ["-a"])
    #expect(try stage.child("a", of: top)?.state == .ended)
  }

  /// The way in which a request identifies a waiting child.
  enum Handle: CaseIterable { case name, lastProcess }

  @Test(arguments: Handle.allCases, [false, true])
  func `P5: a waiting child is terminated by its name and by its last process`(
    handle: Handle,
    isDynamic: Bool
  ) throws {
    let stage = try Stage()
    let worker = stage.worker("a")
    let top =
      isDynamic
      ? try stage.start(DynamicSupervisor(backoff: backoff))
      : try stage.start(Supervisor(.oneForOne, backoff: backoff) { worker })
    if isDynamic { _ = try stage.inProcess { try $0.call(top) { .startChild(worker, $0) }.get() } }
    try stage.end("a", of: top)
    stage.pass(.milliseconds(1_002))
    let before = try #require(try stage.child("a", of: top)?.process)
    try stage.end("a", of: top)
    let info = try #require(try stage.child("a", of: top))
    #expect(info.lastProcess == before && info.process == nil)
    let last = try #require(info.lastProcess)
    try stage.inProcess { process in
      switch handle {
      case .name: try process.call(top) { .terminateChild("a", $0) }.get()
      case .lastProcess: try process.call(top) { .terminateChild(last, $0) }.get()
      }
    }
    #expect(stage.runtime.isQuiet, "the restart is still scheduled")
    stage.pass(.seconds(10))
    #expect(stage.log.entries == ["-a"])
    #expect(try stage.children(of: top).map(\.state) == (isDynamic ? [] : [.ended]))
  }

  @Test func `P5: a child cannot be terminated by a process that is not its last one`() throws {
    let stage = try Stage()
    let top = try stage.start(Supervisor(.oneForOne, backoff: backoff) { stage.worker("a") })
    let first = try #require(try stage.child("a", of: top)?.process)
    try stage.end("a", of: top)
    stage.pass(.milliseconds(1_002))
    let error = #expect(throws: SupervisorError.self) {
      try stage.inProcess { try $0.call(top) { .terminateChild(first, $0) }.get() }
    }
    #expect("\(try #require(error))" == "there is no child '\(first)'")
    #expect(try stage.child("a", of: top)?.state == .running)
  }

  @Test func `P5: one child of a waiting group is terminated, and the others are started after the delay`() throws {
    let stage = try Stage()
    let top = try stage.start(
      Supervisor(.oneForAll, backoff: backoff) {
        for name in ["a", "b", "c"] { stage.worker(name) }
      }
    )
    try stage.end("b", of: top)
    let states = try stage.children(of: top).map(\.state)
    #expect(Set(states).count == 1)
    guard case .restarting(_, attempt: 1) = states[0] else { throw Failure() }
    try stage.inProcess { try $0.call(top) { .terminateChild("a", $0) }.get() }
    stage.log.clear()
    stage.pass(.milliseconds(1_002))
    #expect(stage.log.entries == ["+b", "+c"])
    try stage.inProcess { _ = try $0.call(top) { .restartChild("a", $0) }.get() }
    #expect(stage.log.entries == ["+b", "+c", "+a"])
  }

  @Test func `P5: a request with a name that several children have is refused and ends none of them`() throws {
    let stage = try Stage()
    let top = try stage.start(DynamicSupervisor(backoff: backoff))
    let worker = stage.worker("a")
    for _ in 1...2 { _ = try stage.inProcess { try $0.call(top) { .startChild(worker, $0) }.get() } }
    let error = #expect(throws: SupervisorError.self) {
      try stage.inProcess { try $0.call(top) { .terminateChild("a", $0) }.get() }
    }
    #expect("\(try #require(error))" == "several children have the name 'a'")
    let first = try #require(try stage.children(of: top).first?.process)
    try stage.inProcess { try $0.call(top) { .terminateChild(first, $0) }.get() }
    try stage.inProcess { try $0.call(top) { .terminateChild("a", $0) }.get() }
    #expect(try stage.children(of: top).isEmpty)
  }
}

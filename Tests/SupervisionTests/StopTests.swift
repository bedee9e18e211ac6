// SPDX-License-Identifier: Apache-2.0
//
// Ending supervisors and their children, so that no process is left.

import Joist
import JoistSupervision
import TestSupport
import Testing

@Suite struct StopTests {
  @Test func `P5: children are ended in reverse order`() throws {
    let stage = try Stage()
    let top = try stage.start(
      Supervisor(.oneForOne) {
        for name in ["a", "b", "c"] { stage.worker(name) }
      }
    )
    stage.log.clear()
    top.exit(.shutdown)
    stage.settle()
    #expect(stage.log.entries == ["-c", "-b", "-a", "top: shutdown"])
  }

  @Test func `P5: a child that traps exits and continues is killed at its deadline`() throws {
    let stage = try Stage()
    let top = try stage.start(
      Supervisor(.oneForOne) {
        stage.worker("a")
        trapping("deaf", shutdown: .after(.seconds(2)), stage.log)
      }
    )
    stage.log.clear()
    top.exit(.shutdown)
    stage.pass(.milliseconds(1_998))
    #expect(stage.log.entries == ["deaf was told"])
    stage.pass(.milliseconds(4))
    #expect(stage.log.entries == ["deaf was told", "-a", "top: shutdown"])
    #expect(stage.runtime.processes.isEmpty)
  }

  /// Returns a child that traps exits, logs them and continues.
  private func trapping(_ name: String, shutdown: Child.Shutdown, _ log: Log<String>) -> Child {
    Child(name, Int.self, shutdown: shutdown) { process in
      process.trapExits { _ in 1 }
      while true {
        _ = try process.receive()
        log.add("\(name) was told")
      }
    }
  }

  @Test(.timeLimit(.minutes(15)))
  func `P5: a child that catches and ignores exits is killed at its deadline`() throws {
    let told = Count()
    _ = try withRuntime { runtime in
      let top = try Supervisor(.oneForOne) {
        Child("deaf", Int.self, shutdown: .after(.milliseconds(10))) { process in
          while true { do { _ = try process.receive() } catch { told.add() } }
        }
      }.start(on: runtime)
      top.exit(.shutdown)
      #expect(top.joinBlocking() != nil)
    }
    #expect(told.total > 0)
  }

  @Test func `P5: a child without a deadline is waited for`() throws {
    let stage = try Stage()
    let log = stage.log
    let top = try stage.start(
      Supervisor(.oneForOne) {
        Child("slow", Int.self, shutdown: .never) { process in
          process.trapExits { _ in 1 }
          _ = try process.receive()
          try process.sleep(for: .seconds(3_600))
          log.add("done")
        }
      }
    )
    top.exit(.shutdown)
    stage.simulation.run()
    #expect(log.entries == ["done", "top: shutdown"])
  }

  @Test func `P5: a child with shutdown kill is killed without being told to exit first`() throws {
    let stage = try Stage()
    let top = try stage.start(Supervisor(.oneForOne) { trapping("deaf", shutdown: .kill, stage.log) })
    top.exit(.shutdown)
    stage.settle()
    #expect(stage.log.entries == ["top: shutdown"])
  }

  @Test func `P5: a supervisor that is killed ends every process below it`() throws {
    let stage = try Stage()
    let top = try stage.start(
      Supervisor(.oneForOne) {
        stage.worker("a")
        Child(
          "inner",
          supervisor: Supervisor(.oneForOne) {
            stage.worker("b")
            Child("innermost", supervisor: Supervisor(.oneForAll) { stage.worker("c") })
          }
        )
      }
    )
    #expect(stage.log.entries == ["+a", "+b", "+c"])
    top.exit(.killed)
    stage.settle()
    #expect(Set(stage.log.entries.suffix(4)) == ["-a", "-b", "-c", "top: killed"])
    #expect(stage.runtime.processes.isEmpty)
  }

  @Test func `P5: a supervisor ends with its parent, even if the parent ends normally`() throws {
    for reason in [ExitReason.normal, .error(Failure())] {
      let stage = try Stage()
      let log = stage.log
      stage.runtime.spawn { process in
        let top = try Supervisor(.oneForOne) { stage.worker("a") }.start(linkedTo: process)
        process.spawn { log.add("top: \(try $0.join(top)!)") }
        try process.yield()
        try process.exit(reason)
      }
      stage.settle()
      #expect(stage.log.entries == ["+a", "-a", "top: \(reason)"])
      #expect(stage.runtime.processes.isEmpty)
    }
  }

  @Test func `P5: a child that has cut its link is waited for, too`() throws {
    let stage = try Stage()
    let log = stage.log
    let top = try stage.start(
      Supervisor(.oneForOne) {
        Child("loose", SupervisorRef.self) { process in
          process.unlink(try process.receive())
          _ = try process.receive()
        }
        stage.worker("a")
      }
    )
    try stage.child("loose", of: top)?.ref(as: SupervisorRef.self)?.send(top)
    stage.settle()
    log.clear()
    top.exit(.shutdown)
    stage.settle()
    #expect(log.entries == ["-a", "top: shutdown"])
    #expect(stage.runtime.processes.isEmpty)
  }

  @Test func `P5: the normal end of an unrelated linked process does not end a supervisor`() throws {
    let stage = try Stage()
    let top = try stage.start(Supervisor(.oneForOne) { stage.worker("a") })
    try stage.inProcess { try $0.link(top) }
    #expect(top.isAlive)
    try stage.inProcess { _ in top.exit(.shutdown) }
    #expect(!top.isAlive)
  }

  @Test func `P5: the first or the last significant child ends its supervisor`() throws {
    for auto in [Supervisor.AutoShutdown.anySignificant, .allSignificant] {
      let stage = try Stage()
      let top = try stage.start(
        Supervisor(.oneForOne, autoShutdown: auto) {
          stage.worker("a", restart: .transient, isSignificant: true)
          stage.worker("b", restart: .temporary, isSignificant: true)
          stage.worker("c")
        }
      )
      try stage.end("a", of: top, .normal)
      if auto == .allSignificant {
        #expect(stage.log.entries == ["-a"])
        try stage.end("b", of: top)
        #expect(stage.log.entries == ["-b", "-c", "top: shutdown"])
      } else {
        #expect(stage.log.entries == ["-a", "-c", "-b", "top: shutdown"])
      }
    }
  }

  @Test func `P5: a runtime that shuts down leaves no child, whatever the order of the ends`() throws {
    for _ in 0..<20 {
      let runtime = try ProcessRuntime(.init(schedulers: 2))
      try Supervisor(.oneForAll) {
        for number in 0..<10 { Child("\(number)", Int.self) { _ = try $0.receive() } }
      }.start(on: runtime)
      #expect(runtime.shutdown().isEmpty)
    }
  }
}

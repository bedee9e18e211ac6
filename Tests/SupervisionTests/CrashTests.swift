// SPDX-License-Identifier: Apache-2.0
//
// Crashes of native code, which supervisors and tasks treat like any other end.

import Joist
import JoistSupervision
import TestSupport
import Testing

/// Overflows and traps for 2; not optimized, so that the compiler cannot see that it always traps.
@inline(never) @_optimize(none)
private func crash(_ number: Int) -> Int { Int.max - 1 + number }

@Suite struct CrashTests {
  @Test func `P5: a permanent child that crashes is restarted`() throws {
    let stage = try Stage()
    let (log, starts) = (stage.log, Count())
    let top = try stage.start(
      Supervisor(.oneForOne) {
        Child("fragile", Int.self) { process in
          starts.add()
          log.add("+fragile")
          let number = try process.receive()
          print(crash(number))
        }
        stage.worker("beside")
      }
    )
    for _ in 0..<3 {
      let child = try #require(try stage.child("fragile", of: top)?.ref(as: Int.self))
      child.send(2)
      stage.settle()
    }
    #expect(starts.total == 4 && stage.runtime.statistics.trapsContained == 3)
    #expect(!log.entries.contains("-beside"))
  }

  @Test func `P5: a child that crashes in its start did not start, and the error names it and the reason`() throws {
    let stage = try Stage()
    var text = ""
    do {
      try stage.start(Supervisor(.oneForOne) { Child("fragile", server: { Fragile() }) })
    } catch {
      text = "\(error)"
    }
    #expect(text.contains("fragile") && text.contains("trap"), "\(text)")
  }

  @Test func `P5: a child that crashes after every restart ends its supervisor after the intensity`() throws {
    let stage = try Stage()
    let top = try stage.start(
      Supervisor(.oneForOne, intensity: 3, within: .seconds(5)) {
        Child("fragile", Never.self) { process in
          try process.sleep(for: .milliseconds(1))
          print(crash(2))
        }
      }
    )
    stage.pass(.milliseconds(100))
    #expect(!top.isAlive && stage.runtime.statistics.trapsContained == 4)
  }

  @Test func `P5: a crash of a task is an error for the process that awaits it`() throws {
    let stage = try Stage()
    let reason = try stage.inProcess { process -> String in
      let tasks = try TaskSupervisor.start(linkedTo: process)
      let task = tasks.async { _ in crash(2) }
      do { return "\(try process.await(task))" } catch { return "\(error)" }
    }
    #expect(reason.contains("trap"), "\(reason)")
  }
}

private struct Fragile: Server {
  mutating func start(in process: ProcessContext<Int>) throws { print(crash(2)) }
  mutating func handle(_ message: sending Int, in process: ProcessContext<Int>) throws {}
}

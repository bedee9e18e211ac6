// SPDX-License-Identifier: Apache-2.0
//
// A crash in a `blocking` closure ends the process that waits for the closure, and the thread goes on.

import CFaultProbe
import Joist
import TestSupport
import Testing

@Suite struct BlockingFaultTests {
  @Test func `P5: a crash in a blocking closure ends the process that waits for it`() throws {
    let ends = Log<ExitReason>()
    let statistics = try withRuntime(.init(schedulers: 1)) { runtime in
      runtime.spawn(Down.self) { process in
        for number in 0..<20 {
          process.spawnMonitored(down: { $0 }) { body in
            defer { ends.add(.normal) }  // does not run
            body.blocking { if unknown(true) { fatalError("blocked \(number)") } }
          }
          ends.add(try process.receive().reason)
        }
        ends.add(process.blocking { .shutdown })
      }
    }
    #expect(ends.entries.compactMap { $0.trap?.message }.count == 20)
    #expect(ends.entries.count == 21 && statistics.trapsContained == 20)
  }

  @Test func `P5: a crash in a blocking closure carries the message of Swift's runtime`() throws {
    let text = "Fatal error: blocked"
    #expect(try saying(text) { body in body.blocking { if unknown(true) { fatalError("blocked") } } }.hasSuffix(text))
  }

  @Test func `P3: a stack overflow in a blocking closure ends the process that waits for it`() throws {
    for _ in 0..<2 {
      #expect(try end { process in print(process.blocking { probe_take_stack(8 << 20) }) }.isOverflow)
      #expect(try end { process in print(process.blocking { deeper(1) }) }.isOverflow)
    }
  }

  @Test func `P5: a crash in a blocking closure that runs on the process itself ends the process`() throws {
    let simulation = try HandDriven()
    let log = Log<Bool>()
    simulation.runtime.spawn(Down.self) { process in
      process.spawnMonitored(down: { $0 }) { body in body.blocking { if unknown(true) { fatalError("here") } } }
      log.add(try process.receive().reason.trap != nil)
    }
    simulation.run()
    #expect(log.entries == [true] && simulation.runtime.isQuiet)
  }
}

@inline(never)
private func deeper(_ depth: Int) -> String { depth < 0 ? "" : unknown("\(depth)") + deeper(depth + 1) + "." }

// SPDX-License-Identifier: Apache-2.0
//
// A crash in `blocking` ends the process that waits for it, and the thread goes on.

import CFaultProbe
import Joist
import TestSupport
import Testing

@Suite struct BlockingFaultTests {
  @Test func `P5: a crash in blocking is its process's`() throws {
    let ends = Log<ExitReason>()
    let statistics = try withRuntime(.init(schedulers: 1)) { runtime in
      runtime.spawn(Down.self) { process in
        for number in 0..<20 {
          process.spawnMonitored(down: { $0 }) { body in
            defer { ends.add(.normal) }  // is not run
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

  @Test func `P5: a crash in blocking carries what Swift's runtime said of it`() throws {
    let text = "Fatal error: blocked"
    #expect(try saying(text) { body in body.blocking { if unknown(true) { fatalError("blocked") } } }.hasSuffix(text))
  }

  @Test func `P3: an overflow in blocking is its process's`() throws {
    for _ in 0..<2 {
      #expect(try end { process in print(process.blocking { probe_take_stack(8 << 20) }) }.isOverflow)
      #expect(try end { process in print(process.blocking { deeper(1) }) }.isOverflow)
    }
  }

  @Test func `P5: where closures are run by the process itself, so do their crashes end it`() throws {
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

// SPDX-License-Identifier: Apache-2.0
//
// Replies that arrive after their call has ended, and callers whose server ends before it replies.

import Joist
import TestSupport
import Testing

@Suite struct LateReplyTests {
  @Test func `M1: a late reply does not answer a later call of the same process`() throws {
    let simulation = try HandDriven()
    let log = Log<String>()
    let server = simulation.runtime.spawn(ReplyTo<Int>.self) { process in
      let first = try process.receive()
      let second = try process.receive()
      first.send(1)
      try process.sleep(for: .seconds(1))
      second.send(2)
    }
    simulation.runtime.spawn { process in
      do {
        log.add("\(try process.call(server, timeout: .seconds(1)) { $0 } as Int)")
      } catch CallError.timedOut { log.add("timed out") }
      log.add("\(try process.call(server, timeout: .seconds(60)) { $0 } as Int)")
    }
    simulation.run()
    #expect(log.entries == ["timed out", "2"] && simulation.runtime.statistics.repliesDropped == 1)
  }

  @Test func `M1: when a server ends, each caller that it has not answered gets its exit reason`() throws {
    let simulation = try HandDriven()
    let log = Log<Int>()
    let server = simulation.runtime.spawn(ReplyTo<Int>.self) { process in
      var replies: [ReplyTo<Int>] = []
      for _ in 0..<20 { replies.append(try process.receive()) }
      // The server answers two callers in the middle, and the last one.
      for number in [3, 11, 19] { replies[number].send(number) }
      try process.exit(.shutdown)
    }
    for number in 0..<20 {
      simulation.runtime.spawn { process in
        do {
          let reply: Int = try process.call(server) { $0 }
          log.add(reply == number ? 100 + number : -1)
        } catch CallError.exited(.shutdown) { log.add(number) }
      }
    }
    simulation.run()
    #expect(log.entries.sorted() == (0..<20).map { [3, 11, 19].contains($0) ? 100 + $0 : $0 }.sorted())
  }
}

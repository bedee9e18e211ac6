// SPDX-License-Identifier: Apache-2.0
//
// The descriptions of processes, monitors and timers, and of the messages that tell of an end.

import Joist
import TestSupport
import Testing

@Suite struct PrintTests {
  @Test func `P5: processes, monitors, timers and exit messages have short descriptions`() throws {
    let simulation = try HandDriven()
    let log = Log<String>()
    simulation.runtime.spawn(String.self) { process in
      process.trapExits { "\($0)" }
      let (ref, monitor) = process.spawnMonitored(down: { "\($0)" }) { try $0.exit(.shutdown) }
      log.add("\(ref.id) \(monitor)")
      log.add(try process.receive())
      let linked = process.spawnLinked { try $0.exit(.shutdown) }
      log.add("\(linked.id)")
      log.add(try process.receive())
      let timer = process.sendAfter(.seconds(1), to: process.ref, "never")
      log.add("\(timer)")
      process.cancel(timer)
    }
    simulation.run()
    let lines = log.entries
    let names = try #require(lines.first).split(separator: " ", maxSplits: 1)
    #expect(lines.count == 5 && names.count == 2 && names[1].hasPrefix("monitor ") && names[1].count < 20)
    #expect(lines[1] == "\(names[0]) ended: shutdown (\(names[1]))")
    #expect(lines[3] == "exit signal from \(lines[2]): shutdown")
    #expect(lines[4].hasPrefix("timer ") && lines[4].count < 20, "\(lines[4])")
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// Processes whose priority changes while they run.

import Joist
import TestSupport
import Testing

@Suite struct PriorityTests {
  @Test func `S3: a process's priority can be changed by itself and from outside`() throws {
    let simulation = try HandDriven(.init(schedulers: 1, reductionsPerSlice: 100))
    let log = Log<String>()
    func spawn(_ name: String, _ change: Priority?) -> ProcessRef<Never> {
      simulation.runtime.spawn { process in
        if let change { process.setPriority(change) }
        for _ in 0..<3 {
          try process.yield()
          log.add(name)
        }
      }
    }
    _ = spawn("down", .low)
    _ = spawn("stays", nil)
    let up = spawn("up", nil)
    up.setPriority(.high)
    simulation.run()
    #expect(up.snapshot == nil)
    #expect(log.entries.last == "down" && log.entries.filter { $0 == "down" }.count == 3)
    #expect(log.entries.prefix(3) == ["up", "up", "up"])
  }
}

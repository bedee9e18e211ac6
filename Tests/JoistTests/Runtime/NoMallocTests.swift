// SPDX-License-Identifier: Apache-2.0
//
// Nothing is allocated from malloc under a spin lock: that may fail, and the lock would never be let go of.

import CFaultProbe
import Joist
import TestSupport
import Testing

@Suite struct NoMallocTests {
  // Swift 6.2 calls malloc for accesses to properties in debug builds, where locks are counted.
  @Test(.enabled(if: NoMallocTests.accessesTakeNoMemory), arguments: MemoryUse.allCases)
  func `I2: no lock of the runtime's is held while malloc is called`(use: MemoryUse) throws {
    var calls: Int64 = 0
    // The first time Swift's runtime makes what it keeps for good, wherever it is asked for that.
    for _ in 0..<2 {
      let simulation = try HandDriven(.init(schedulers: 2, slots: 4))
      simulation.runtime.spawn(Int.self) { process in try use.run(process) }
      let before = probe_malloc_calls_under_locks()
      simulation.run()
      simulation.pass(nanoseconds: 5_000_000_000)
      _ = simulation.runtime.trim()
      calls = probe_malloc_calls_under_locks() - before
    }
    #expect(calls == 0)
  }

  private static var accessesTakeNoMemory: Bool {
    #if compiler(>=6.3)
      true
    #else
      false
    #endif
  }
}

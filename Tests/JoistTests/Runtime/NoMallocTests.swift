// SPDX-License-Identifier: Apache-2.0
//
// The runtime does not call malloc under a spin lock: if that failed, the lock would never be released.

import CFaultProbe
import Joist
import TestSupport
import Testing

@Suite struct NoMallocTests {
  // Swift 6.2 calls malloc for accesses to properties in debug builds, in which locks are counted.
  @Test(.enabled(if: NoMallocTests.accessesTakeNoMemory), arguments: MemoryUse.allCases)
  func `I2: no lock of the runtime is held while malloc is called`(use: MemoryUse) throws {
    var calls: Int64 = 0
    // The first round makes what Swift's runtime allocates once and keeps.
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

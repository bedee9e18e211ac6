// SPDX-License-Identifier: Apache-2.0
//
// Stack memory that is no longer needed: of processes that hibernate, and of those that had a dedicated stack.

import CFaultProbe
import Joist
import TestSupport
import Testing

/// Uses about `kilobytes` KiB of stack.
@inline(never)
func useStack(kilobytes: Int) -> Int {
  if kilobytes == 0 { return 0 }
  return withUnsafeTemporaryAllocation(byteCount: 1_024, alignment: 8) { room in
    room.initializeMemory(as: UInt8.self, repeating: 1)
    return useStack(kilobytes: kilobytes - 1) + Int(room[kilobytes])
  }
}

@Suite struct KeptStackTests {
  // In emulation the question would be about the emulator's memory.
  @Test(.enabled(if: many(10) == 10))
  func `P1: a process that hibernates keeps no page of its stack`() throws {
    let simulation = try HandDriven()
    let places = Log<UInt>()
    let ref = simulation.runtime.spawn(Int.self) { process in
      var place = useStack(kilobytes: 100)
      places.add(withUnsafePointer(to: &place) { UInt(bitPattern: $0) })
      _ = try process.receive()
      try process.hibernate()
    }
    simulation.run()
    let place = try #require(places.entries.first) - 16_384
    #expect(probe_resident_below(place, 65_536) >= 50_000)
    ref.send(1)
    simulation.run()
    #expect(probe_resident_below(place, 65_536) == 0 && ref.isAlive)
  }

  @Test func `I1: the dedicated stack of a process is given back when it ends`() throws {
    let simulation = try HandDriven()
    let before = simulation.platform.releasedBytes.total
    simulation.runtime.spawn(options: .init(stack: .dedicated(bytes: 1 << 20))) { _ in }
    simulation.run()
    #expect(simulation.platform.releasedBytes.total - before >= 1 << 20)
  }
}

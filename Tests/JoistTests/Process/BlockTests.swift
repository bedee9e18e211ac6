// SPDX-License-Identifier: Apache-2.0
//
// The blocks of memory that schedulers take from pools: none is lost, and a scheduler that rests keeps none.

import Joist
import TestSupport
import Testing

@Suite struct BlockTests {
  @Test func `I1: a scheduler that rests keeps no free block`() throws {
    let simulation = try HandDriven()
    let runtime = simulation.runtime
    let sleepers = (0..<10).map { _ in
      runtime.spawn(Int.self) { process in
        _ = try process.heap.allocate(1)
        try process.hibernate()
        _ = try process.receive()
      }
    }
    simulation.run(passingTime: false)
    runtime.spawn { _ in for ref in sleepers { ref.send(1) } }
    simulation.run(passingTime: false)
    #expect(runtime.keptBlocks(0).allSatisfy { $0 >= 10 })
    runtime.unload(0)
    #expect(runtime.keptBlocks(0) == [0, 0, 0])
  }

  @Test func `I1: all blocks of processes that have ended are free, in the depot or in a scheduler's cache`() throws {
    let simulation = try HandDriven(.init(schedulers: 1, slots: 64))
    let runtime = simulation.runtime
    var counts: [Int] = []
    for _ in 0..<3 {
      // More blocks than the two batches of a cache.
      let sleepers = (0..<300).map { _ in
        runtime.spawn(Int.self) { process in
          try process.hibernate()
          _ = try process.receive()
        }
      }
      simulation.run(passingTime: false)
      for ref in sleepers { ref.send(1) }
      simulation.run(passingTime: false)
      #expect(runtime.processes.isEmpty)
      runtime.unload(0)
      counts.append(runtime.freeSavedFrames)
    }
    // Each round uses the blocks of the first one.
    #expect(counts[0] >= 300 && counts == Array(repeating: counts[0], count: 3), "\(counts)")
  }
}

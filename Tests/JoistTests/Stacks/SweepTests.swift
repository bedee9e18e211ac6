// SPDX-License-Identifier: Apache-2.0
//
// Processes that wait long keep no pages of stack.

import CFaultProbe
import Joist
import TestSupport
import Testing

@Suite struct SweepTests {
  /// Spawns receivers, and a process that lets time pass in steps of ten milliseconds.
  private func wait(_ processes: Int, milliseconds: Int, _ log: Count) throws -> ([ProcessRef<Int>], HandDriven) {
    let simulation = try HandDriven(.init(schedulers: 1, slots: 256))
    let refs = (0..<processes).map { number in
      simulation.runtime.spawn(Int.self) { process in log.add(try process.receive() + number) }
    }
    simulation.runtime.spawn { process in
      for _ in 0..<milliseconds / 10 { try process.sleep(for: .milliseconds(10)) }
    }
    simulation.run()
    return (refs, simulation)
  }

  @Test func `P1: a process that has waited for a second leaves its stack, and goes on when it is woken`() throws {
    let sum = Count()
    let (refs, simulation) = try wait(200, milliseconds: 3_000, sum)
    // The processes in the stack slots of the first block stay there.
    #expect(simulation.runtime.statistics.framesSaved >= 200 - 64)
    for ref in refs { ref.send(1) }
    simulation.run()
    #expect(sum.total == 200 + 199 * 100)
    #expect(simulation.runtime.statistics.savedFramesBytes == 0)
  }

  @Test func `P1: a process that has waited for less than a second stays on its stack`() throws {
    let (_, simulation) = try wait(200, milliseconds: 900, Count())
    let statistics = simulation.runtime.statistics
    // Where a guard splits a mapping, other runtimes of the program may have left fewer stack slots for this one.
    #expect(statistics.framesSaved == max(0, statistics.processesCreated - statistics.slotsMade))
  }

  // In emulation the question would be about the emulator's memory.
  @Test(.enabled(if: many(10) == 10), arguments: [SpawnOptions.Stack.shared, .dedicated(bytes: 1 << 20)])
  func `P1: a process that waits for a second after deep calls keeps only the pages of its frames`(
    stack: SpawnOptions.Stack
  ) throws {
    let places = Log<UInt>()
    let sum = Count()
    let simulation = try HandDriven()
    let ref = simulation.runtime.spawn(Int.self, options: .init(stack: stack)) { process in
      for _ in 0..<2 {
        let text = "kept in the frame \(process.id)"
        sum.add(useStack(kilobytes: 300))
        var place = 0
        places.add(withUnsafePointer(to: &place) { UInt(bitPattern: $0) })
        sum.add(try process.receive())
        crashUnless(text.hasPrefix("kept in the frame"))
      }
    }
    for _ in 0..<2 {
      simulation.run(passingTime: false)
      let place = try #require(places.entries.last) - 16_384
      #expect(probe_resident_below(place, 250_000) >= 200_000)
      simulation.runtime.spawn { process in
        for _ in 0..<300 { try process.sleep(for: .milliseconds(10)) }
      }
      simulation.run()
      #expect(probe_resident_below(place, 250_000) == 0)
      ref.send(1)
    }
    simulation.run()
    #expect(sum.total == 2 * 301 && !ref.isAlive)
  }

  @Test func `P1: many times more processes than stacks all wait and wake`() throws {
    let sum = Count()
    // There are more than four times as many processes as stack slots: new processes take turns in a few of them.
    _ = try withRuntime(.init(schedulers: 2, slots: many(2_560))) { runtime in
      let refs = (0..<many(20_000)).map { number in
        runtime.spawn(Int.self) { process in
          sum.add(try process.receive(timeout: .seconds(60)) ?? 0)
          sum.add(try process.receive())
        }
      }
      for _ in 0..<2 { for ref in refs { ref.send(1) } }
    }
    #expect(sum.total == 2 * many(20_000))
  }
}

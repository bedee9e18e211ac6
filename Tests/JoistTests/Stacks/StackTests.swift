// SPDX-License-Identifier: Apache-2.0
//
// Stacks: saved frames, dedicated stacks, and what Swift keeps for each thread when frames move.

import Joist
import TestSupport
import Testing

@Suite struct StackTests {
  @Test(arguments: [(1, 1), (2, 1), (1, 2), (3, 2), (8, 8)])
  func `P3: frames are the same after they were saved and restored`(slots: Int, schedulers: Int) throws {
    let wrong = Count()
    let statistics = try withRuntime(.init(schedulers: schedulers, slots: slots)) { runtime in
      // One process spawns all others before any of them can end, which a thread on a busy machine cannot promise.
      runtime.spawn { spawner in
        for number in 0..<40 {
          spawner.spawn { process in
            if try checksum(process, depth: 20, number) != 20 * number + 210 { wrong.add() }
          }
        }
      }
    }
    #expect(wrong.total == 0)
    // With enough stack slots the processes may end before they need each other's.
    #expect(slots > 2 || statistics.framesSaved > 40)
    #expect(statistics.framesSaved == statistics.framesRestored)
    #expect(statistics.savedFramesBytes == 0)
  }

  @Test(arguments: [1, 2, 3, 5])
  func `P3: a scheduler without work keeps no stack slot that another scheduler's processes need`(slots: Int) throws {
    let simulation = try HandDriven(.init(schedulers: 2, slots: slots))
    let ended = Count()
    // The processes of each scheduler all begin before the first of them ends, so that they use all stack slots.
    for _ in 0..<slots * 2 { simulation.runtime.spawn { process in try process.yield() } }
    for number in 0..<2 {
      while case .ran = simulation.runtime.step(number) {}
    }
    simulation.runtime.spawn { _ in ended.add() }
    simulation.runtime.spawn { _ in ended.add() }
    simulation.run()
    #expect(ended.total == 2)
    #expect(simulation.runtime.processes.isEmpty)
  }

  @Test func `P3: a process without a stack slot passes the heavy fence before it looks for one a last time`() throws {
    let simulation = try HandDriven(.init(schedulers: 1, slots: 1))
    let states = Log<ProcessState?>()
    let first = simulation.runtime.spawn { process in
      try process.yield()
      try process.yield()
    }
    #expect(simulation.runtime.step() == .ran)
    simulation.platform.atHeavyFence { states.add(first.snapshot?.state) }
    let second = simulation.runtime.spawn { _ in }
    while states.entries.isEmpty, second.isAlive, case .ran = simulation.runtime.step() {}
    #expect(states.entries == [.ready] && second.isAlive)
    simulation.run()
    #expect(simulation.runtime.processes.isEmpty)
  }

  @Test func `P3: a dedicated stack is as deep as requested`() throws {
    let log = Log<Int>()
    _ = try withRuntime { runtime in
      runtime.spawn(options: .init(stack: .dedicated(bytes: 64 << 20))) { _ in log.add(depth(100_000)) }
    }
    #expect(log.entries == [100_000])
  }

  @Test(arguments: [false, true])
  func `C1: task-local values and open accesses belong to the process, on whatever thread it goes on`(
    calls: Bool
  ) throws {
    let wrong = Count()
    var configuration = ProcessRuntime.Configuration(schedulers: 4, slots: 3)
    configuration.threadWordsByCalls = calls
    _ = try withRuntime(configuration) { runtime in
      for number in 0..<30 {
        runtime.spawn { process in
          let holder = Holder()
          for turn in 0..<20 {
            try Local.$value.withValue(number * 100 + turn) {
              try modify(&holder.number) { value in
                value += 1
                try process.yield()
                if turn % 5 == 0 { try process.sleep(for: .microseconds(50)) }
              }
              if Local.value != number * 100 + turn { wrong.add() }
            }
            if Local.value != -1 { wrong.add() }
          }
          if holder.number != 20 { wrong.add() }
        }
      }
    }
    #expect(wrong.total == 0)
  }

  @Test func `P1: a hundred thousand waiting processes cost less than a kilobyte each`() throws {
    let (count, statistics) = (many(100_000, oneIn: 50), Log<Int>())
    _ = try withRuntime(.init(schedulers: 2, slots: count / 6)) { runtime in
      let processes = (0..<count).map { _ in
        runtime.spawn(Int.self) { process in _ = try process.receive() }
      }
      runtime.waitUntilIdle()
      #expect(runtime.processes.count == count)
      statistics.add(runtime.statistics.savedFramesBytes / count)
      for process in processes { process.send(1) }
    }
    #expect(statistics.entries[0] > 0)
    // A record of 256 bytes, the saved frames, and a node of 64. The frames of a debug build are larger.
    #if DEBUG
      #expect(statistics.entries[0] < 4_096)
    #else
      #expect(statistics.entries[0] + 256 + 64 < 1_024)
    #endif
  }

  @Test(.threadsAndSeeds)
  func `P2: a hundred thousand processes start, wait, and end`() throws {
    let processes = size(many(100_000), seeds: 50)
    let count = Count()
    let statistics = try onRuntime(slots: size(1_000, seeds: 3)) { runtime in
      let all = (0..<processes).map { _ in
        runtime.spawn(Int.self) { process in count.add(try process.receive()) }
      }
      for process in all { process.send(1) }
    }
    #expect(count.total == processes)
    #expect(statistics.processesEnded == UInt64(processes))
  }
}

private enum Local { @TaskLocal static var value = -1 }
private final class Holder { var number = 0 }

private func modify(_ number: inout Int, _ body: (inout Int) throws -> Void) rethrows { try body(&number) }

@inline(never)
private func checksum(_ process: ProcessContext<Never>, depth: Int, _ number: Int) throws -> Int {
  let mine = depth + number
  if depth == 0 { return 0 }
  try process.yield()
  let below = try checksum(process, depth: depth - 1, number)
  try process.yield()
  return below + mine
}

@inline(never)
private func depth(_ left: Int) -> Int {
  left == 0 ? 0 : 1 + depth(left - 1) &+ zero.total
}

private let zero = Count()

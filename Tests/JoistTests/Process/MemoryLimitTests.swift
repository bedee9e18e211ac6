// SPDX-License-Identifier: Apache-2.0
//
// The limit of all memory that a process uses: messages, heap and saved frames.

import Joist
import TestSupport
import Testing

/// A message of 208 bytes; with its header it takes a quarter of a kilobyte.
private typealias Quarter = InlineArray<26, Int>

/// Receives a message below `depth` frames of a kilobyte each; returns the message plus the sum of the depths.
@inline(never)
private func descend(_ depth: Int, _ process: ProcessContext<Int>) throws -> Int {
  if depth == 0 { return try process.receive() }
  return try withUnsafeTemporaryAllocation(byteCount: 1_024, alignment: 8) { room in
    room.initializeMemory(as: UInt8.self, repeating: UInt8(depth))
    return try descend(depth - 1, process) + Int(room[depth])
  }
}

@Suite struct MemoryLimitTests {
  @Test
  func `I2: a process that waits while its mailbox fills is ended by the first message over its memory limit`() throws {
    let reasons = Log<ExitReason>()
    let simulation = try HandDriven()
    let target = simulation.runtime.spawn(Quarter.self, options: .init(memoryLimit: 64 << 10)) { process in
      try process.sleep(for: .seconds(1_000))
    }
    simulation.runtime.spawn(Down.self) { process in
      process.monitor(target) { $0 }
      reasons.add(try process.receive().reason)
    }
    simulation.run(passingTime: false)
    simulation.runtime.spawn { _ in for _ in 0..<256 { target.send(Quarter(repeating: 1)) } }
    simulation.run(passingTime: false)
    #expect(target.isAlive)
    target.send(Quarter(repeating: 1))
    simulation.run(passingTime: false)
    #expect(!target.isAlive && reasons.entries.map(\.description) == ["memory limit"])
    let statistics = simulation.runtime.statistics
    #expect(statistics.messagesSent == statistics.messagesReceived + statistics.messagesDestroyed)
  }

  @Test func `I2: a running process that exceeds its memory limit is ended at its next call`() throws {
    let log = Log<String>()
    _ = try withRuntime(.init(schedulers: 2)) { runtime in
      runtime.spawn(Quarter.self, options: .init(memoryLimit: 64 << 10)) { process in
        let busy = process.ref
        process.spawn { other in
          while busy.isAlive {
            busy.send(Quarter(repeating: 1))
            try other.yield()
          }
        }
        do throws(ProcessExit) { while true { try process.yield() } } catch { log.add("\(error.reason)") }
      }
    }
    #expect(log.entries == ["memory limit"])
  }

  @Test func `I2: a message that a process has received counts no more toward its memory limit`() throws {
    let count = many(10_000)
    let received = Count()
    _ = try withRuntime(.init(schedulers: 2)) { runtime in
      let mailbox = SpawnOptions.Mailbox.bounded(100, whenFull: .block)
      let reader = runtime.spawn(Quarter.self, options: .init(mailbox: mailbox, memoryLimit: 64 << 10)) { process in
        for _ in 0..<count {
          _ = try process.receive()
          received.add(1)
        }
      }
      runtime.spawn { _ in for _ in 0..<count { reader.send(Quarter(repeating: 1)) } }
    }
    #expect(received.total == count)
  }

  @Test func `I2: messages and heap count together toward the memory limit`() throws {
    let grown = Log<Int>()
    let simulation = try HandDriven()
    for mail in [0, 200] {
      let process = simulation.runtime.spawn(Quarter.self, options: .init(memoryLimit: 80 << 10)) { process in
        try process.sleep(for: .seconds(1))
        defer { grown.add(process.heap.statistics.heldBytes) }
        while true { _ = try process.heap.allocate(1) }
      }
      for _ in 0..<mail { process.send(Quarter(repeating: 1)) }
      simulation.run()
      #expect(!process.isAlive)
    }
    #expect(grown.entries == [64 << 10, 16 << 10])
  }

  @Test func `I2: saved frames count toward the memory limit where a process receives`() throws {
    let simulation = try HandDriven()
    let deep = simulation.runtime.spawn(Int.self, options: .init(memoryLimit: 32 << 10)) { _ = try descend(40, $0) }
    let flat = simulation.runtime.spawn(Int.self, options: .init(memoryLimit: 32 << 10)) { _ = try descend(4, $0) }
    simulation.run()
    #expect(!deep.isAlive && flat.isAlive)
  }

  @Test func `I2: a process that is over its memory limit where it receives gets no message any more`() throws {
    let received = Log<Int>()
    let simulation = try HandDriven()
    for depth in [40, 4] {
      let process = simulation.runtime.spawn(Int.self, options: .init(memoryLimit: 32 << 10)) { process in
        process.ref.send(1_000)
        received.add(try descend(depth, process))
      }
      simulation.run()
      #expect(!process.isAlive)
    }
    #expect(received.entries == [1_000 + 4 + 3 + 2 + 1])
  }

  @Test func `I2: a memory limit holds for its process, not for the record's next process`() throws {
    let simulation = try HandDriven(.init(schedulers: 1, processLimit: 10))
    let first = simulation.runtime.spawn(Quarter.self, options: .init(memoryLimit: 1 << 10)) { _ in }
    simulation.run()
    let second = simulation.runtime.spawn(Quarter.self) { process in try process.sleep(for: .seconds(1_000)) }
    #expect(first.id.slot == second.id.slot)
    for _ in 0..<100 { second.send(Quarter(repeating: 1)) }
    simulation.run(passingTime: false)
    #expect(second.isAlive)
  }
}

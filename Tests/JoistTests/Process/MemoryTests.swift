// SPDX-License-Identifier: Apache-2.0
//
// What a snapshot reports of the memory of a process, and the memory limit of a runtime.

import Joist
import TestSupport
import Testing

@Suite struct MemoryTests {
  @Test func `P1: a snapshot reports what memory a waiting process uses, part by part`() throws {
    let simulation = try HandDriven()
    let process = simulation.runtime.spawn(Int.self) { process in _ = try process.receive { $0 == 7 } }
    simulation.run()
    let bare = try #require(process.snapshot).memory
    #expect(bare.record == 256 && bare.heap == 0 && bare.mailbox == 0)
    #expect(bare.stack > 0 && bare.stack % 4_096 == 0)
    #expect(bare.total == bare.record + bare.stack + bare.other)
    // Three messages from a process that do not match take a block of 64 bytes each.
    simulation.runtime.spawn { _ in for number in 1...3 { process.send(number) } }
    simulation.run()
    #expect(try #require(process.snapshot).memory.mailbox == 3 * 64)
    process.send(7)
    simulation.run()
    #expect(process.snapshot == nil)
  }

  @Test func `P1: messages count with their blocks, even those that the process has not yet seen`() throws {
    let simulation = try HandDriven()
    let process = simulation.runtime.spawn(InlineArray<40, Int>.self) { process in
      try process.sleep(for: .seconds(1))
      while true { _ = try process.receive() }
    }
    simulation.run(passingTime: false)
    for _ in 0..<2 { process.send(InlineArray(repeating: 1)) }
    // Messages from a thread come from malloc: 320 bytes and a header of 48.
    #expect(try #require(process.snapshot).memory.mailbox == 2 * 368)
    simulation.run()
    #expect(try #require(process.snapshot).memory.mailbox == 0)
  }

  @Test func `P1: a hibernating process counts its saved frames, and other memory is reported apart`() throws {
    let simulation = try HandDriven()
    let other = simulation.runtime.spawn(Int.self) { _ = try $0.receive() }
    let process = simulation.runtime.spawn(Int.self) { process in
      for _ in 0..<10 { process.monitor(other) { _ in 0 } }
      try process.hibernate()
      _ = try process.receive()
      let heap = process.heap
      _ = try heap.allocateArray(repeating: UInt8(1), count: 3_000)
      _ = try process.receive()
    }
    simulation.run(passingTime: false)
    let asleep = try #require(process.snapshot).memory
    #expect(asleep.stack > 0 && asleep.stack == simulation.runtime.statistics.savedFramesBytes)
    #expect(asleep.heap == 0 && asleep.other > 10 * 16)
    simulation.runtime.spawn { _ in process.send(7) }
    simulation.run(passingTime: false)
    let awake = try #require(process.snapshot).memory
    #expect(awake.heap == 4_096 && awake.other > asleep.other && awake.stack % 4_096 == 0)
  }

  @Test func `I2: above the runtime's memory limit no process is made until the program uses less`() throws {
    let simulation = try HandDriven(.init(schedulers: 1, memoryLimit: 2 << 20))
    let runtime = simulation.runtime
    simulation.platform.residentCount.add(2 << 20)
    runtime.lookAtMemory()
    try runtime.trySpawn(Int.self) { _ in }
    simulation.platform.residentCount.add(1)
    runtime.lookAtMemory()
    let error = #expect(throws: SpawnError.memoryLimit(2 << 20)) { try runtime.trySpawn(Int.self) { _ in } }
    #expect("\(error!)" == "the program has more than 2097152 bytes in memory, its limit for new processes")
    #expect(!runtime.spawn { _ in }.isAlive)
    guard case .shortOfMemory(2_097_153, 2_097_152) = runtime.recentReports.last?.event else {
      return #expect(Bool(false), "nothing was reported")
    }
    // A little less is not enough. A refused spawn reads the memory use again itself.
    simulation.platform.residentCount.add(-(1 << 16))
    #expect(throws: SpawnError.self) { try runtime.trySpawn(Int.self) { _ in } }
    simulation.platform.residentCount.add(-(1 << 16))
    try runtime.trySpawn(Int.self) { _ in }
    simulation.run()
  }

  @Test func `I2: a process whose spawn is refused at the memory limit goes on`() throws {
    let simulation = try HandDriven(.init(schedulers: 1, memoryLimit: 2 << 20))
    let log = Log<Bool>()
    let runtime = simulation.runtime
    runtime.spawn { process in
      log.add(process.spawn { _ in }.isAlive)
      simulation.platform.residentCount.add(3 << 20)
      runtime.lookAtMemory()
      log.add(process.spawn { _ in }.isAlive)
    }
    simulation.run()
    #expect(log.entries == [true, false])
  }

  @Test func `I2: the system's figures of memory are read, and nonsense is ignored`() {
    #expect(HostPlatform.shared.residentBytes() > 1 << 20 && HostPlatform.shared.memoryBytes > 1 << 26)
    #expect(MachineMemory.bytes(ofLimit: "max\n") == nil && MachineMemory.bytes(ofLimit: nil) == nil)
    #expect(MachineMemory.bytes(ofLimit: "0\n") == nil && MachineMemory.bytes(ofLimit: "1048576\n") == 1 << 20)
    #expect(MachineMemory.pages(ofStatus: "9 7 5 1 0 4 0\n") == 7 && MachineMemory.pages(ofStatus: "") == 0)
  }

  @Test(.threadsAndSeeds)
  func `P1: reading the memory use of processes loses no message`() throws {
    let (pairs, each) = (size(20, seeds: 3), size(2_000, seeds: 8))
    let sum = Count()
    _ = try onRuntime(slots: 4) { runtime in
      let refs = (0..<pairs).map { _ in
        runtime.spawn(Int.self) { process in for _ in 0..<each { sum.add(try process.receive()) } }
      }
      for number in 0..<each {
        for ref in refs {
          ref.send(1)
          if number % 3 == 0 { _ = ref.snapshot }
        }
      }
    }
    #expect(sum.total == pairs * each)
  }
}

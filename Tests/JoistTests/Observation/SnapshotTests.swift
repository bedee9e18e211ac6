// SPDX-License-Identifier: Apache-2.0
//
// Snapshots: how they are found, what is in them, and which processes have none.

import Joist
import TestSupport
import Testing

/// A message that lists the processes when it is destroyed.
private struct Looking: ~Copyable, Sendable {
  let runtime: ProcessRuntime
  let looked: Count
  let listed: Log<ProcessID>

  deinit {
    looked.add()
    for process in runtime.processStatistics { listed.add(process.id) }
    for process in runtime.topProcesses(by: .slices, limit: 9) { listed.add(process.process.id) }
  }
}

@Suite struct SnapshotTests {
  @Test func `T5: a snapshot has the process's own figures, its name and its suspends`() throws {
    let simulation = try HandDriven()
    let runtime = simulation.runtime
    let options = SpawnOptions(name: "store", priority: .high)
    let process = runtime.spawn(Int.self, options: options) { process in _ = try process.receive() }
    simulation.run()
    let waiting = try #require(process.snapshot)
    #expect(waiting.id == process.id && waiting.name == "store" && waiting.priority == .high)
    #expect(waiting.state == .waiting && waiting.waitReason == .receive && waiting.suspends == 0)
    #expect(waiting.memory.record == 256 && waiting.memory.total > 256 && waiting.links.isEmpty)
    process.suspend()
    process.suspend()
    #expect(process.snapshot?.state == .suspended && process.snapshot?.suspends == 2)
    for _ in 0..<2 { process.resume() }
    simulation.run()
    #expect(process.snapshot?.state == .waiting && process.snapshot?.child == nil)
  }

  @Test func `T5: a snapshot is found by reference, by identity and by name, and is the same`() throws {
    let simulation = try HandDriven()
    let runtime = simulation.runtime
    let process = runtime.spawn(Int.self, options: .init(name: "found")) { process in _ = try process.receive() }
    simulation.run()
    let snapshot = try #require(process.snapshot)
    #expect(runtime.snapshot(of: process.id) == snapshot && runtime.snapshot(of: "found") == snapshot)
    #expect(runtime.snapshot(of: "lost") == nil)
  }

  @Test func `T5: an ended process has no snapshot, nor has an identity that no process had`() throws {
    let simulation = try HandDriven(.init(schedulers: 1, processLimit: 1))
    let runtime = simulation.runtime
    let first = runtime.spawn(Int.self, options: .init(name: "one")) { _ in }
    simulation.run()
    #expect(first.snapshot == nil && runtime.snapshot(of: first.id) == nil && runtime.snapshot(of: "one") == nil)
    // The next process of the record has another identity.
    let second = runtime.spawn(Int.self, options: .init(name: "one")) { process in _ = try process.receive() }
    simulation.run()
    #expect(second.id.slot == first.id.slot)
    #expect(first.snapshot == nil && runtime.snapshot(of: first.id) == nil)
    #expect(runtime.snapshot(of: "one")?.id == second.id && runtime.processStatistics.map(\.id) == [second.id])
    for (slot, generation) in [(0, 0), (1, 1), (1 << 26, 1), (second.id.slot, second.id.generation + 1)] {
      let id = ProcessID(slot: slot, generation: UInt32(generation))
      if id != second.id { #expect(runtime.snapshot(of: id) == nil, "\(id)") }
    }
  }

  @Test func `T5: links and monitors are in a snapshot, in order of their identities, until they end`() throws {
    let simulation = try HandDriven()
    let others = (0..<20).map { _ in simulation.runtime.spawn(Int.self) { _ = try $0.receive() } }
    let process = simulation.runtime.spawn(Int.self) { process in
      process.trapExits { _ in 0 }
      for other in others.prefix(12).shuffled() { try process.link(other) }
      for other in others.suffix(12).shuffled() { process.monitor(other) { _ in 0 } }
      while true { _ = try process.receive() }
    }
    simulation.run()
    let snapshot = try #require(process.snapshot)
    #expect(snapshot.links == others.prefix(12).map(\.id).sorted())
    #expect(snapshot.monitors == others.suffix(12).map(\.id).sorted())
    #expect(others[0].snapshot?.links == [process.id] && others[19].snapshot?.links == [])
    for other in others { other.send(1) }
    simulation.run()
    #expect(process.snapshot?.links == [] && process.snapshot?.monitors == [])
  }

  @Test func `T5: a process that is ending is not listed as the next one of its record`() throws {
    let simulation = try HandDriven()
    let looked = Count()
    let listed = Log<ProcessID>()
    let process = simulation.runtime.spawn(Looking.self) { _ in }
    process.send(Looking(runtime: simulation.runtime, looked: looked, listed: listed))
    simulation.run()
    #expect(looked.total == 1 && listed.entries == [])
  }

  @Test(.threadsAndSeeds)
  func `T5: snapshots of processes that end and whose records are reused are of the process that was asked for`() throws
  {
    let rounds = size(300, seeds: 10)
    let wrong = Log<String>()
    _ = try onRuntime(slots: 4) { runtime in
      let maker = runtime.spawn { process in
        for number in 0..<rounds {
          let child = process.spawn(Int.self, options: .init(name: "child \(number)")) { process in
            _ = try process.receive(timeout: .milliseconds(1))
          }
          if number % 2 == 0 { child.send(1) }
          if let snapshot = child.snapshot, snapshot.id != child.id || snapshot.name != "child \(number)" {
            // A name is given up when a process begins to end, before it has ended.
            if snapshot.name != nil { wrong.add("\(snapshot)") }
          }
          try process.yield()
        }
      }
      while maker.isAlive {
        for statistics in runtime.processStatistics {
          guard let snapshot = runtime.snapshot(of: statistics.id) else { continue }
          if snapshot.id != statistics.id { wrong.add("\(snapshot)") }
          if snapshot.statistics.slices < statistics.slices { wrong.add("\(statistics) \(snapshot)") }
        }
        relinquishProcessor()
      }
    }
    #expect(wrong.entries.isEmpty, "\(wrong.entries.prefix(2))")
  }
}

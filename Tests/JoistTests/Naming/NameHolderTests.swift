// SPDX-License-Identifier: Apache-2.0
//
// Which process holds a name as its holders change, and what a wait for an end leaves behind.

import Joist
import TestSupport
import Testing

@Suite struct NameHolderTests {
  @Test func `M4: the end of a process that gave up its name leaves the name with the next holder`() throws {
    let simulation = try HandDriven()
    let runtime = simulation.runtime
    let first = runtime.spawn(Int.self, options: .init(name: "name")) { _ = try $0.receive() }
    let second = runtime.spawn(Int.self) { _ = try $0.receive() }
    runtime.unregister("name")
    try runtime.register(second, as: "name")
    first.exit()
    simulation.run()
    #expect(!first.isAlive)
    #expect(try runtime.lookup("name", as: Int.self) == second)
  }

  @Test(.threadsAndSeeds)
  func `M4: a process that another scheduler finds by its name takes messages from then on`() throws {
    let rounds = size(2_000, seeds: 10)
    let received = Count()
    _ = try onRuntime { runtime in
      let spawner = runtime.spawn { process in
        for _ in 0..<rounds {
          // The name of a process that has just ended may still be taken.
          var server: ProcessRef<Int>?
          while server == nil {
            server = try? process.trySpawn(Int.self, options: .init(name: "name")) { process in
              _ = try process.receive()
              received.add()
            }
            if server == nil { try process.sleep(for: .microseconds(50)) }
          }
          _ = try process.join(server!)
        }
      }
      runtime.spawn { process in
        while spawner.isAlive {
          if let server = try process.lookup("name", as: Int.self) {
            server.send(1)
            _ = try process.join(server)
          }
          try process.sleep(for: .microseconds(50))
        }
      }
    }
    #expect(received.total == rounds)
  }

  @Test func `M4: a spawn whose name is taken leaves nothing to the record's next process`() throws {
    let tracker = Tracker()
    let simulation = try HandDriven()
    let runtime = simulation.runtime
    runtime.spawn(Int.self, options: .init(name: "name")) { _ = try $0.receive() }
    simulation.run(passingTime: false)
    let options = SpawnOptions(name: "name", memoryLimit: 64 << 10, stack: .dedicated(bytes: 64 << 10))
    var isRefused = false
    do {
      let object = Tracked(tracker)
      _ = try runtime.trySpawn(Int.self, options: options) { _ in object.number += 1 }
    } catch { isRefused = true }
    #expect(isRefused && tracker.count == 0)
    let next = runtime.spawn(InlineArray<26, Int>.self) { try $0.sleep(for: .seconds(1_000)) }
    for _ in 0..<1_024 { next.send(InlineArray(repeating: 1)) }
    simulation.run(passingTime: false)
    #expect(next.isAlive)
  }

  @Test(.threadsAndSeeds)
  func `M4: a process that is told of an end on another scheduler finds the name free`() throws {
    let rounds = size(500, seeds: 10)
    let taken = Count()
    let told = Count()
    _ = try onRuntime { runtime in
      runtime.spawn(Down.self) { process in
        for _ in 0..<rounds {
          process.spawnMonitored(Int.self, options: .init(name: "name"), down: { $0 }) { try $0.yield() }
          _ = try process.receive()
          told.add()
          if try process.lookup("name", as: Int.self) != nil { taken.add() }
        }
      }
    }
    #expect(told.total == rounds && taken.total == 0)
  }

  @Test func `S3: a join that timed out leaves no watch`() throws {
    let simulation = try HandDriven()
    let other = simulation.runtime.spawn(Int.self) { _ = try $0.receive() }
    let timedOut = Count()
    simulation.runtime.spawn { process in
      for _ in 0..<3 where try process.join(other, timeout: .milliseconds(1)) == nil { timedOut.add() }
    }
    simulation.run()
    #expect(timedOut.total == 3 && other.isAlive && simulation.runtime.watchCount(other) == 0)
  }

  @Test func `M4: a group does not watch a process that has left it`() throws {
    let simulation = try HandDriven()
    let group = ProcessGroup<Int>()
    let member = simulation.runtime.spawn(Int.self) { _ = try $0.receive() }
    simulation.run()
    for _ in 0..<3 {
      group.join(member)
      group.leave(member)
    }
    #expect(simulation.runtime.watchCount(member) == 0)
  }
}

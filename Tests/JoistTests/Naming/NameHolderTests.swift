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

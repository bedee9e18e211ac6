// SPDX-License-Identifier: Apache-2.0
//
// A record whose generation numbers are used up.

import Joist
import TestSupport
import Testing

@Suite struct GenerationTests {
  @Test func `I1: a record whose generations are used up is never used again`() throws {
    let simulation = try HandDriven(.init(schedulers: 1, processLimit: 1))
    let runtime = simulation.runtime
    let first = runtime.spawn(Int.self) { _ in }
    simulation.run()
    runtime.useUpGenerations(of: first)
    let last = try runtime.trySpawn(Int.self) { _ = try $0.receive() }
    simulation.run()
    #expect(last.isAlive && last.id.slot == first.id.slot && !first.isAlive)
    last.send(1)
    simulation.run()
    #expect(!last.isAlive)
    #expect(throws: SpawnError.processLimit(1)) { try runtime.trySpawn(Int.self) { _ in } }
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// Pools give memory back to the system, and no process notices.

import Foundation
import Joist
import TestSupport
import Testing

@Suite struct TrimTests {
  /// Spawns processes, lets them end, and returns the references to them.
  private func gone(_ count: Int, _ simulation: HandDriven) -> [ProcessRef<Int>] {
    let refs = (0..<count).map { _ in simulation.runtime.spawn(Int.self) { _ = try $0.receive() } }
    simulation.run()
    for ref in refs { ref.send(1) }
    simulation.run()
    return refs
  }

  @Test func `I1: a record made from zeros equals a new one`() throws {
    #expect(ProcessHandle.isNewWhenRenewed(try HandDriven().runtime))
  }

  private let few = ProcessRuntime.Configuration(schedulers: 1, processLimit: 10_000)

  @Test(arguments: [false, true])
  func `I1: free records are given back to the system, and references to them stay dead`(isLocked: Bool) throws {
    let simulation = try HandDriven(few)
    let runtime = simulation.runtime
    if isLocked { simulation.platform.lockMemory() }
    let old = gone(1_000, simulation)
    #expect(runtime.trimRecords() == 1_000 / 48 * 48 * 256)
    #expect(runtime.trimRecords() == 0)
    for ref in old {
      ref.send(1)
      #expect(!ref.isAlive && ref.snapshot == nil)
    }
    #expect(runtime.statistics.messagesDropped == 1_000)
    let log = Log<String>()
    runtime.spawn(Down.self) { process in
      process.monitor(old[500]) { $0 }
      log.add("\(try process.receive().reason)")
      #expect(throws: CallError.self) { try process.call(old[501], timeout: .seconds(1)) { (_: ReplyTo<Int>) in 7 } }
    }
    simulation.run()
    #expect(log.entries == ["no process"])
  }

  @Test func `I1: a record that is used again answers no reference to an earlier process`() throws {
    let simulation = try HandDriven(few)
    let runtime = simulation.runtime
    var all = gone(300, simulation)
    for _ in 0..<5 {
      #expect(runtime.trimRecords() > 0)
      for ref in all { ref.send(5) }
      let log = Count()
      let new = (0..<300).map { number in
        runtime.spawn(Int.self) { process in log.add(try process.receive()) }
      }
      simulation.run()
      #expect(Set(new.map(\.id)).isDisjoint(with: all.map(\.id)) && new.allSatisfy(\.isAlive))
      #expect(all.allSatisfy { !$0.isAlive })
      for ref in all { ref.send(1_000) }
      for ref in new { ref.send(1) }
      simulation.run()
      #expect(log.total == 300)
      all += new
    }
    #expect(Set(all.map(\.id)).count == all.count)
  }

  @Test func `I1: given-back records are used again before new ones, up to the process limit`() throws {
    let simulation = try HandDriven(few)
    let runtime = simulation.runtime
    _ = gone(10_000, simulation)
    #expect(runtime.trimRecords() > 0)
    for _ in 0..<10_000 { try runtime.trySpawn(Int.self) { try $0.sleep(for: .seconds(1_000)) } }
    #expect(throws: SpawnError.processLimit(10_000)) { try runtime.trySpawn(Int.self) { _ in } }
  }

  @Test func `I1: a live process keeps the pages of its own record and no others`() throws {
    let simulation = try HandDriven(few)
    let refs = (0..<21 * 48).map { _ in simulation.runtime.spawn(Int.self) { _ = try $0.receive() } }
    simulation.run()
    for (number, ref) in refs.enumerated() where number != 500 { ref.send(1) }
    simulation.run()
    #expect(simulation.runtime.trimRecords() == (21 - 1) * 48 * 256)
    #expect(refs[500].isAlive && refs[500].snapshot != nil)
    refs[500].send(1)
    simulation.run()
    #expect(!refs[500].isAlive && simulation.runtime.trimRecords() == 48 * 256)
  }

  @Test func `I1: the timers in records that are given back go with them`() throws {
    let simulation = try HandDriven(few)
    for _ in 0..<2 {
      let refs = (0..<640).map { _ in
        simulation.runtime.spawn(Int.self) { process in _ = try process.receive(timeout: .seconds(5)) }
      }
      simulation.run(passingTime: false)
      for ref in refs { ref.send(1) }
      simulation.run(passingTime: false)
      #expect(simulation.runtime.trimRecords() > 0)
    }
    simulation.pass(nanoseconds: 20_000_000_000)
    simulation.run()
    #expect(simulation.runtime.isQuiet)
  }

  @Test func `I1: a late reply to a record that was given back answers no call`() throws {
    let simulation = try HandDriven(few)
    let runtime = simulation.runtime
    let answers = Log<String>()
    // Together with the server they use the records of the first group.
    for _ in 0..<47 { runtime.spawn(Int.self) { _ = try $0.receive() } }
    let server = runtime.spawn(ReplyTo<Int>.self) { process in
      // The second request comes from the same record as the first.
      var first: ReplyTo<Int>? = try process.receive()
      let second = try process.receive()
      first.take()!.send(1)
      second.send(2)
    }
    let first = runtime.spawn(Void.self) { process in _ = try? process.call(server, timeout: .seconds(1)) { $0 } }
    let slot = first.id.slot
    _ = gone(200, simulation)
    #expect(!first.isAlive)
    #expect(runtime.trimRecords() == 201 / 48 * 48 * 256)
    for _ in 0..<300 {
      runtime.spawn(Void.self) { process in
        guard process.id.slot == slot else { return try process.sleep(for: .seconds(1)) }
        answers.add("\(try process.call(server, timeout: .seconds(60)) { $0 })")
      }
    }
    simulation.run()
    #expect(answers.entries == ["2"])
  }

  // In emulation the memory of the emulator would be counted.
  @Test(.timeLimit(.minutes(15)), .enabled(if: many(10) == 10))
  func `I1: an idle runtime has no more memory than before many processes ended`() async {
    await #expect(processExitsWith: .exitCode(0)) {
      let platform = HostPlatform.shared
      _ = try withRuntime { runtime in
        var before = 0
        for count in [20_000, 200_000] {
          before = platform.residentBytes()
          let refs = (0..<count).map { _ in runtime.spawn(Int.self) { _ = try $0.receive() } }
          for ref in refs { ref.send(1) }
          runtime.waitUntilIdle()
        }
        let limit = before + before / 10
        precondition(platform.residentBytes() > limit)
        _ = try withRuntime { other in
          other.spawn { process in
            // Waits more than a minute for what takes half a second on an idle machine.
            for _ in 0..<6_000 where platform.residentBytes() > limit { try process.sleep(for: .milliseconds(10)) }
          }
        }
        let after = platform.residentBytes()
        precondition(after <= limit, "\(before) bytes before, \(after) after")
      }
    }
  }

  @Test(.timeLimit(.minutes(15)))
  func `I1: pools give memory back while everything is in use`() throws {
    let isOver = Count()
    let received = Count()
    let statistics = try withRuntime(.init(schedulers: 2, slots: 128)) { runtime in
      let stale = Log<ProcessRef<Int>>()
      let maker = runtime.spawn(Void.self) { process in
        for _ in 0..<many(60) {
          let refs = (0..<1_000).map { _ in process.spawn(Int.self) { received.add(try $0.receive()) } }
          for ref in refs { ref.send(1) }
          stale.clear()
          for ref in refs.prefix(200) { stale.add(ref) }
          try process.yield()
        }
      }
      runtime.spawn { process in
        while maker.isAlive {
          for ref in stale.entries { ref.send(0) }
          try process.yield()
        }
      }
      let trimming = DispatchGroup()
      DispatchQueue.global().async(group: trimming) {
        while isOver.total == 0 {
          _ = runtime.trim()
          for ref in stale.entries.prefix(100) { ref.send(0) }
        }
      }
      runtime.waitUntilIdle()
      isOver.add()
      trimming.wait()
    }
    #expect(received.total == many(60) * 1_000 && statistics.processesCreated == statistics.processesEnded)
  }
}

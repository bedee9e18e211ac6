// SPDX-License-Identifier: Apache-2.0
//
// Searches over simulated runs: correct programs do not fail, and races and injected faults are found.

import Joist
import JoistSimulation
import TestSupport
import Testing

struct SearchTests {
  @Test func `V1: correct programs run without failure on a thousand seeds`() {
    let found = Search(faults: .harmless, schedulers: 3).find(seeds: seeds(1_000)) { simulation in
      let echo = simulation.runtime.spawn(Echo.self) { process in
        for _ in 0..<20 {
          switch try process.receive() {
          case .ask(let number, let reply): reply.send(number + 1)
          }
        }
      }
      for _ in 0..<4 {
        simulation.runtime.spawn { process in
          for number in 0..<5 {
            let answer = try process.call(echo) { .ask(number, $0) }
            if answer != number + 1 { throw SimulationError("a wrong answer") }
          }
        }
      }
      try simulation.run()
      if simulation.runtime.statistics.processesEnded != 5 { throw SimulationError("not all processes have ended") }
    }
    #expect(found == nil, "\(String(describing: found))")
  }

  @Test func `V1: a race between two processes for a name is found within a thousand seeds and replayed`() throws {
    func race(_ simulation: Simulation) throws {
      let log = Log<String>()
      for _ in 0..<2 {
        simulation.runtime.spawn { process in
          guard try process.lookup("leader", as: Never.self) == nil else { return }
          do { try process.register(as: "leader") } catch { log.add("\(error)") }
          try process.sleep(for: .milliseconds(1))
        }
      }
      try simulation.run()
      if !log.entries.isEmpty { throw SimulationError("two leaders") }
    }
    let found = try #require(Search().find(seeds: 0..<1_000, race))
    #expect(found.reason == "two leaders")
    let again = try #require(Search().replay(found.schedule, race))
    #expect(again.reason == found.reason)
    #expect(again.timeline == found.timeline)
  }

  @Test func `V1: finished simulations are freed`() throws {
    var left: [Weak] = []
    for seed in 0..<many(100) {
      let simulation = try Simulation(seed: UInt64(seed), faults: .harmless)
      for _ in 0..<5 { simulation.runtime.spawn { process in try process.sleep(for: .milliseconds(1)) } }
      try simulation.run()
      try simulation.finish()
      left.append(Weak(object: simulation.threads))
    }
    // A pooled runtime keeps its last platform until a new runtime reuses it.
    #expect(left.count { $0.object != nil } < many(50))
  }

  @Test func `V1: waiting for a descriptor in a simulation throws`() throws {
    let log = Log<DescriptorError>()
    let simulation = try Simulation(seed: 1)
    simulation.runtime.spawn { process in
      do { _ = try process.waitReadable(0) } catch let error as DescriptorError { log.add(error) }
    }
    try simulation.run()
    let sentence = "this runtime cannot wait for descriptor 0: it has ended, or has no threads"
    #expect(log.entries.map(\.description) == [sentence])
  }

  @Test func `V1: fault injection finds a sender that does not expect a full mailbox`() throws {
    func careless(_ simulation: Simulation) throws {
      let refusals = Count()
      let options = SpawnOptions(mailbox: .bounded(100, whenFull: .fail))
      let sink = simulation.runtime.spawn(Int.self, options: options) { process in
        while true { _ = try process.receive() }
      }
      simulation.runtime.spawn { _ in
        for number in 0..<3 { do { try sink.trySend(number) } catch SendError.mailboxFull { refusals.add() } }
      }
      try simulation.run()
      if refusals.total > 0 { throw SimulationError("the sender did not expect a full mailbox") }
    }
    #expect(Search().find(seeds: 0..<UInt64(many(100)), careless) == nil)
    let found = Search(faults: .fullMailboxes).find(seeds: 0..<100, careless)
    #expect(found?.reason == "the sender did not expect a full mailbox")
  }

  @Test func `M2: senders that wait although the mailbox has room are woken, and no message is lost`() {
    let search = Search(faults: [.fullMailboxes, .shortSlices], schedulers: 3)
    let found = search.find(seeds: seeds(500)) { simulation in
      let sum = Count()
      let options = SpawnOptions(mailbox: .bounded(2, whenFull: .block))
      let sink = simulation.runtime.spawn(Int.self, options: options) { process in
        while true { sum.add(try process.receive()) }
      }
      for _ in 0..<3 { simulation.runtime.spawn { _ in for number in 1...5 { sink.send(number) } } }
      try simulation.run()
      if sum.total != 45 { throw SimulationError("the receiver got a sum of \(sum.total), not 45") }
    }
    #expect(found == nil, "\(String(describing: found))")
  }

  @Test func `M4: a thread that is told of an end finds the name free, in every order, even if it waited before`() {
    let told = Count()
    let found = Search(schedulers: 1, isFine: true).findAmongAll(interruptions: 2, atMost: 20_000) { simulation in
      let (runtime, isTaken) = (simulation.runtime, Count())
      let (first, second) = (runtime.spawn(Int.self) { _ = try $0.receive() }, runtime.spawn(Int.self) { _ in })
      simulation.thread("waits") {
        // A wait that begins after the end returns at once, perhaps before the name is free.
        if case .noProcess = first.joinBlocking() { return }
        told.add()
        do { try runtime.register(second, as: "name") } catch NameError.taken { isTaken.add() } catch {}
      }
      // The process that ends can be interrupted between telling the thread and telling this monitor.
      runtime.spawn(Down.self) { process in
        process.monitor(first) { $0 }
        try runtime.register(first, as: "name")
        first.send(1)
        _ = try process.receive()
      }
      try simulation.run()
      if isTaken.total > 0 { throw SimulationError("the name was still taken") }
    }
    #expect(found.counterexample == nil, "\(String(describing: found.counterexample))")
    #expect(told.total > 0)
  }

  @Test func `L1: a process spawned while shutdown begins receives the exit signal at once`() throws {
    for seed in seeds(1_000) {
      let simulation = try Simulation(seed: seed)
      let killed = Log<ProcessID>()
      simulation.runtime.spawn { process in
        for number in 0..<3 {
          process.spawn(options: SpawnOptions(name: "\(number)")) { inner in
            do throws(ProcessExit) {
              while true { try inner.sleep(for: .seconds(60)) }
            } catch {
              if case .killed = error.reason { killed.add(inner.id) }
            }
          }
        }
      }
      try simulation.finish()
      try #require(killed.entries.isEmpty, "seed \(seed)")
    }
  }
}

private struct Weak {
  weak var object: AnyObject?
}

enum Echo: Sendable { case ask(Int, ReplyTo<Int>) }

// SPDX-License-Identifier: Apache-2.0
//
// Links and exit signals, which follow Erlang's rules.

import Joist
import TestSupport
import Testing

private enum Mail {
  case exited(ExitSignal)
  case note(Int)
}
private struct Failure: Error {}
private struct Neighbor { let ref: ProcessRef<Neighbor> }

@Suite struct LinkedTests {
  private func text(_ mail: Mail) -> String {
    switch mail {
    case .exited(let signal): "\(signal.process == nil ? "thread" : "process"): \(signal.reason)"
    case .note(let number): "note \(number)"
    }
  }

  /// Returns the exit reason of a process that is linked to one that ends with `reason`.
  private func reason(whenLinkedEndsWith reason: ExitReason) throws -> String {
    let simulation = try HandDriven()
    let log = Log<String>()
    let ref = simulation.runtime.spawn { process in
      process.spawnLinked { other in
        try other.sleep(for: .seconds(1))
        try other.exit(reason)
      }
      try process.sleep(for: .seconds(10))
    }
    simulation.runtime.spawn { log.add("\(try $0.join(ref)!)") }
    simulation.run()
    return log.entries.joined()
  }

  @Test func `P5: a process ends with the reason of a linked process, unless that is normal`() throws {
    #expect(try reason(whenLinkedEndsWith: .normal) == "normal")
    #expect(try reason(whenLinkedEndsWith: .shutdown) == "shutdown")
    #expect(try reason(whenLinkedEndsWith: .killed) == "killed")
    #expect(try reason(whenLinkedEndsWith: .error(Failure())) == "error: Failure()")
  }

  @Test func `P5: a parent that fails ends its linked child with the same reason`() throws {
    let simulation = try HandDriven()
    let log = Log<String>()
    simulation.runtime.spawn { process in
      let child = process.spawnLinked { try $0.sleep(for: .seconds(100)) }
      process.spawn { log.add("\(try $0.join(child)!)") }
      try process.sleep(for: .seconds(1))
      throw Failure()
    }
    simulation.run()
    #expect(log.entries == ["error: Failure()"])
  }

  @Test func `P5: a process that traps exits receives them as messages, in order, including normal ones`() throws {
    let simulation = try HandDriven()
    let log = Log<String>()
    let ref = simulation.runtime.spawn(Mail.self) { process in
      process.trapExits(Mail.exited)
      let me = process.ref
      process.spawnLinked { child in
        me.send(.note(1))
        _ = child
      }
      process.spawnLinked { child in
        me.send(.note(2))
        try child.exit(.shutdown)
      }
      while true { log.add(text(try process.receive())) }
    }
    simulation.run()
    ref.exit(.shutdown)
    ref.exit(.normal)
    simulation.run()
    #expect(
      log.entries == [
        "note 1", "process: normal", "note 2", "process: shutdown", "thread: shutdown", "thread: normal",
      ]
    )
    #expect(ref.isAlive)
    ref.exit(.killed)
    simulation.run()
    #expect(!ref.isAlive)
  }

  @Test func `P5: an exit signal ends a process that has stopped trapping exits`() throws {
    let simulation = try HandDriven()
    let log = Log<String>()
    let ref = simulation.runtime.spawn(Mail.self) { process in
      process.trapExits(Mail.exited)
      log.add(text(try process.receive()))
      process.untrapExits()
      log.add(text(try process.receive()))
    }
    simulation.run()
    ref.exit(.shutdown)
    simulation.run()
    #expect(log.entries == ["thread: shutdown"] && ref.isAlive)
    ref.exit(.shutdown)
    simulation.run()
    #expect(log.entries == ["thread: shutdown"] && !ref.isAlive)
  }

  @Test func `P5: a kill cannot be trapped, but the exit signal of a killed process can`() throws {
    let simulation = try HandDriven()
    let log = Log<String>()
    simulation.runtime.spawn(Mail.self) { process in
      process.trapExits(Mail.exited)
      let child = process.spawnLinked(Mail.self) { child in
        child.trapExits(Mail.exited)
        while true { log.add("child " + (text(try child.receive()))) }
      }
      try process.yield()
      child.exit(.killed)
      log.add(text(try process.receive()))
    }
    simulation.run()
    #expect(log.entries == ["process: killed"])
  }

  @Test func `P5: a normal exit signal from another process is ignored, one from the process itself is not`() throws {
    let simulation = try HandDriven()
    let log = Log<String>()
    let other = simulation.runtime.spawn { process in
      try process.sleep(for: .seconds(2))
      log.add("went on")
      process.ref.exit(.normal)
      try process.sleep(for: .seconds(2))
      log.add("never")
    }
    simulation.runtime.spawn { process in
      other.exit(.normal)
      log.add("\(try process.join(other)!)")
    }
    simulation.run()
    #expect(log.entries == ["went on", "normal"])
  }

  @Test func `P5: after unlink, the other's exit signal does not arrive`() throws {
    let simulation = try HandDriven()
    let log = Log<String>()
    simulation.runtime.spawn(Mail.self) { process in
      let child = process.spawnLinked { try $0.exit(.shutdown) }
      process.unlink(child)
      try process.sleep(for: .seconds(1))
      log.add("lives")
    }
    simulation.run()
    #expect(log.entries == ["lives"])
  }

  @Test func `P5: an exit signal has no effect if its link is cut before the signal is taken in`() throws {
    let log = Log<String>()
    _ = try withRuntime(.init(schedulers: 2)) { runtime in
      runtime.spawn(Mail.self) { process in
        let child = process.spawnLinked { try $0.exit(.shutdown) }
        while child.isAlive { process.ref.send(.note(0)) }  // no suspension point, so no signal is taken in
        process.unlink(child)
        try process.sleep(for: .milliseconds(1))
        log.add("lives")
      }
    }
    #expect(log.entries == ["lives"])
  }

  @Test func `P5: linking to a dead process delivers a no-process exit, which is thrown or trapped`() throws {
    let simulation = try HandDriven()
    let log = Log<String>()
    let dead = simulation.runtime.spawn { _ in }
    simulation.run()
    simulation.runtime.spawn { process in
      do throws(ProcessExit) { try process.link(dead) } catch { log.add("\(error.reason)") }
      do throws(ProcessExit) { try process.yield() } catch { log.add("again: \(error.reason)") }
    }
    simulation.runtime.spawn(Mail.self) { process in
      process.trapExits(Mail.exited)
      try process.link(dead)
      log.add(text(try process.receive()))
    }
    simulation.run()
    #expect(log.entries == ["no process", "process: no process", "again: no process"])
  }

  @Test func `P5: a process that links to itself is not linked, and one that links twice is linked once`() throws {
    let simulation = try HandDriven()
    let log = Log<String>()
    simulation.runtime.spawn(Mail.self) { process in
      try process.link(process.ref)
      process.unlink(process.ref)
      process.trapExits(Mail.exited)
      let child = process.spawnLinked { try $0.sleep(for: .seconds(1)) }
      try process.link(child)
      while let mail = try process.receive(timeout: .seconds(5)) { log.add(text(mail)) }
      let other = process.spawnLinked { try $0.sleep(for: .seconds(1)) }
      try process.link(other)
      process.unlink(other)
      while let mail = try process.receive(timeout: .seconds(5)) { log.add(text(mail)) }
    }
    simulation.run()
    #expect(log.entries == ["process: normal"])
  }

  @Test func `P5: a process that is told to exit throws from every call, even if it swallows the errors`() throws {
    let simulation = try HandDriven()
    let log = Log<String>()
    let ref = simulation.runtime.spawn(Int.self) { process in
      do throws(ProcessExit) { _ = try process.receive() } catch { log.add("receive: \(error.reason)") }
      do throws(ProcessExit) { try process.yield() } catch { log.add("yield: \(error.reason)") }
      do throws(ProcessExit) { try process.sleep(for: .zero) } catch { log.add("sleep: \(error.reason)") }
      try process.reduce(1)
      log.add("never")
    }
    simulation.run()
    ref.exit(.error(Failure()))
    ref.exit(.shutdown)
    simulation.run()
    #expect(log.entries == ["receive: error: Failure()", "yield: error: Failure()", "sleep: error: Failure()"])
  }

  @Test func `P5: telling a dead process to exit does nothing, even if another process has its record`() throws {
    let simulation = try HandDriven(.init(schedulers: 1, processLimit: 1))
    let dead = simulation.runtime.spawn(Int.self) { _ in }
    simulation.run()
    dead.exit(.killed)
    let later = simulation.runtime.spawn(Int.self) { _ = try $0.receive() }
    dead.exit(.killed)
    dead.suspend()
    dead.resume()
    simulation.run()
    #expect(later.isAlive && later.snapshot?.suspends == 0)
  }

  @Test func `P5: linking to the earlier process of its own record is linking to a dead process`() throws {
    let simulation = try HandDriven(.init(schedulers: 1, processLimit: 2))
    let log = Log<String>()
    simulation.runtime.spawn { process in
      let dead = process.spawn { _ in }
      while dead.isAlive { try process.yield() }
      let later = process.spawn { later in
        do throws(ProcessExit) { try later.link(dead) } catch { log.add("\(error.reason)") }
      }
      log.add("\(later.id.description.prefix(3) == dead.id.description.prefix(3))")
    }
    simulation.run()
    #expect(log.entries == ["true", "no process"])
  }

  @Test(.timeLimit(.minutes(15)))
  func `P5: unlinking a dead process cuts no link to the next process of its record`() throws {
    let log = Log<String>()
    _ = try withRuntime(.init(schedulers: 1, processLimit: 2)) { runtime in
      runtime.spawn(Mail.self) { process in
        process.trapExits(Mail.exited)
        let me = process.ref
        let first = process.spawnLinked { _ in }
        while first.isAlive { process.blocking {} }  // waits without taking in messages
        let next = process.spawn(Int.self) { next in
          try next.link(me)
          _ = try next.receive()
          throw Failure()
        }
        while next.snapshot?.state != .waiting { process.blocking {} }
        process.unlink(first)
        next.send(1)
        while let mail = try process.receive(timeout: .milliseconds(100)) { log.add(text(mail)) }
      }
    }
    #expect(log.entries == ["process: error: Failure()"])
  }

  @Test(.timeLimit(.minutes(15)))
  func `P5: links that are gone cost nothing`() throws {
    let count = many(50_000, oneIn: 50)
    let used = Log<Int>()
    _ = try withRuntime(.init(schedulers: 1)) { runtime in
      let root = runtime.spawn(Int.self) { process in
        let refs = (0..<count).map { _ in process.spawnLinked { try $0.sleep(for: .seconds(1_000)) } }
        for ref in refs {
          process.unlink(ref)
          ref.exit(.shutdown)
        }
        for _ in 0..<count { process.spawnLinked { _ in } }
        _ = try process.receive()
      }
      runtime.waitUntilIdle()
      #expect(runtime.linkCount(root) == 0)
      used.add(try #require(root.snapshot).memory.other)
    }
    #expect(used.entries[0] < 16_384)
  }

  @Test func `P5: when one process in a ring of links ends, all of them end`() throws {
    let statistics = try withRuntime(.init(schedulers: 2)) { runtime in
      let refs = (0..<many(1_000)).map { _ in
        runtime.spawn(Neighbor.self) { process in
          while true { try process.link(process.receive().ref) }
        }
      }
      for (one, next) in zip(refs, refs.dropFirst() + refs.prefix(1)) { one.send(Neighbor(ref: next)) }
      runtime.waitUntilIdle()
      refs[refs.count / 2].exit(.shutdown)
      runtime.waitUntilIdle()
    }
    #expect(statistics.processesEnded == many(1_000))
  }

  @Test(.timeLimit(.minutes(15)))
  func `P5: a hundred thousand linked processes end together, linked to one process or in a chain`() throws {
    for isChain in [false, true] {
      let areMade = ProcessSemaphore(permits: 0)
      let statistics = try withRuntime(.init(schedulers: 2)) { runtime in
        let root = runtime.spawn { process in
          if isChain {
            LinkedTests.chain(process, many(100_000, oneIn: 50) - 1, areMade)
          } else {
            for _ in 1..<many(100_000, oneIn: 50) { process.spawnLinked { try $0.sleep(for: .seconds(1_000)) } }
            areMade.release()
          }
          try process.sleep(for: .seconds(1_000))
        }
        try areMade.acquire()
        root.exit(.shutdown)
      }
      #expect(statistics.processesEnded == many(100_000, oneIn: 50))
    }
  }

  private static func chain(_ process: ProcessContext<Never>, _ left: Int, _ areMade: ProcessSemaphore) {
    guard left > 0 else { return areMade.release() }
    process.spawnLinked { child in
      chain(child, left - 1, areMade)
      try child.sleep(for: .seconds(1_000))
    }
  }

  @Test(.timeLimit(.minutes(15)))
  func `P5: a hundred thousand links of one process are removed one by one in linear time`() throws {
    let told = Count()
    _ = try withRuntime(.init(schedulers: 2)) { runtime in
      runtime.spawn(Mail.self) { process in
        process.trapExits(Mail.exited)
        for _ in 0..<many(100_000, oneIn: 50) { process.spawnLinked { try $0.yield() } }
        for _ in 0..<many(100_000, oneIn: 50) { if case .exited = try process.receive() { told.add() } }
      }
    }
    #expect(told.total == many(100_000, oneIn: 50))
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// Links and monitors that are cut, made again and fire: each end is told once, to the right process, and nothing is
// left behind.

import Joist
import TestSupport
import Testing

@Suite struct LinkPlaceTests {
  @Test func `P5: a link that is cut and made again among others delivers one signal, and so do the others`() throws {
    let simulation = try HandDriven()
    let log = Log<ProcessID>()
    let others = Log<ProcessRef<Int>>()
    simulation.runtime.spawn(ExitSignal.self) { process in
      process.trapExits { $0 }
      for _ in 0..<5 { others.add(process.spawnLinked(Int.self) { _ = try $0.receive() }) }
      let refs = others.entries
      process.unlink(refs[2])
      process.unlink(refs[3])
      try process.link(refs[2])
      try process.link(refs[3])
      others.add(process.spawnLinked(Int.self) { _ = try $0.receive() })
      for ref in others.entries { ref.send(1) }
      while let signal = try process.receive(timeout: .seconds(1)) { log.add(signal.process!) }
    }
    simulation.run()
    #expect(others.entries.count == 6)
    #expect(log.entries.map(\.slot).sorted() == others.entries.map(\.id.slot).sorted())
  }

  @Test func `P5: the signal of a cut link is not mistaken for one of the link that reuses its place`() throws {
    let log = Log<String>()
    _ = try withRuntime(.init(schedulers: 1)) { runtime in
      runtime.spawn(ExitSignal.self) { process in
        process.trapExits { $0 }
        let gone = process.spawnLinked { try $0.exit(.shutdown) }
        while gone.isAlive { process.blocking {} }  // waits without taking in messages
        process.unlink(gone)
        let next = process.spawnLinked(Int.self) { next in
          _ = try next.receive()
          try next.exit(.killed)
        }
        log.add("\(process.messageCount)")
        next.send(1)
        let signal = try process.receive()
        log.add("\(signal.process == next.id) \(signal.reason)")
      }
    }
    #expect(log.entries == ["0", "true killed"])
  }

  @Test func `P5: links and monitors that were cut, have fired or lost their process leave nothing behind`() throws {
    let simulation = try HandDriven()
    let runtime = simulation.runtime
    let target = runtime.spawn(Int.self) { _ = try $0.receive() }
    let watcher = runtime.spawn(Down.self) { process in
      process.spawnMonitored(down: { $0 }) { _ in }
      _ = try process.receive()
      try process.link(target)
      process.unlink(target)
      _ = try process.receive()
    }
    let mortal = runtime.spawn(Down.self) { process in
      process.monitor(target) { $0 }
      try process.link(target)
    }
    simulation.run()
    #expect(watcher.isAlive && !runtime.hasMonitors(watcher) && runtime.linkCount(watcher) == 0)
    #expect(!mortal.isAlive && runtime.linkCount(target) == 0 && runtime.watchCount(target) == 0)
  }
}

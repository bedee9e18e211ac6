// SPDX-License-Identifier: Apache-2.0
//
// The events that a trap has of its process.

import Joist
import TestSupport
import Testing

extension ProcessRuntime {
  /// The trap of the last process that crashed.
  fileprivate func lastTrap() throws -> Trap {
    try #require(
      recentReports.reversed().lazy.compactMap { report -> Trap? in
        if case .abnormalExit(_, _, .trap(let trap)) = report.event { trap } else { nil }
      }.first
    )
  }
}

@Suite struct TrapEventTests {
  @Test func `O1: a trap has the events of its process from its spawn to the crash, and none of others`() throws {
    let simulation = try HandDriven()
    let runtime = simulation.runtime
    let crashing = Log<ProcessRef<Int>>()
    for _ in 0..<5 { runtime.spawn { process in for _ in 0..<20 { try process.yield() } } }
    let parent = runtime.spawn(Int.self) { process in
      let child = process.spawn(Int.self) { child in
        _ = try child.receive()
        child.mark("received", 1)
        try child.sleep(for: .microseconds(1))
        let grandchild = child.spawn { try $0.yield() }
        try child.yield()
        crashNow("with a history, after \(grandchild)")
      }
      crashing.add(child)
      for _ in 0..<3 { try process.yield() }
      child.send(1)
      _ = try process.receive()
    }
    simulation.run()
    let (id, signal) = (crashing.entries[0].id, Int(try runtime.lastTrap().signal))
    let events = try runtime.lastTrap().events
    let grandchild = try #require(events.first { $0.kind == .spawned && $0.other == id }?.process)
    var happenings = events.map(Happening.init)
    let mark = try #require(happenings.firstIndex { if case .mark(_, 1) = $0.kind { true } else { false } })
    #expect(happenings.remove(at: mark).process == id)
    let expected = [
      Happening(.spawned, id, by: parent.id), Happening(.began, id), Happening(.left(.waits(.receive)), id),
      Happening(.ready, id, by: parent.id), Happening(.began, id), Happening(.left(.waits(.sleep)), id),
      Happening(.ready, id), Happening(.began, id), Happening(.spawned, grandchild, by: id),
      Happening(.left(.yielded), id), Happening(.began, id), Happening(.crashed(signal: signal), id),
    ]
    #expect(happenings == expected)
    for (event, next) in zip(events, events.dropFirst()) { #expect(event.ticks <= next.ticks) }
    parent.exit()
    simulation.run()
  }

  @Test func `O1: a trap of a process with a long history has its last events, at most 256`() throws {
    for switches in [false, true] {
      let simulation = try HandDriven()
      let runtime = simulation.runtime
      let other = runtime.spawn { process in while true { try process.yield() } }
      let process = runtime.spawn { process in
        for turn in 0..<3_000 {
          process.mark("turn", turn)
          if switches { try process.yield() }
        }
        crashNow("after a long history")
      }
      while process.isAlive { _ = runtime.step() }
      let events = try runtime.lastTrap().events
      let turns = events.compactMap { if case .mark(_, let turn) = $0.kind { turn } else { nil } }
      #expect(events.count <= 256 && turns.count >= 30 && turns == Array(3_000 - turns.count..<3_000))
      #expect(events.allSatisfy { $0.process == process.id || $0.other == process.id })
      guard case .crashed? = events.last?.kind else { return #expect(Bool(false), "\(events.suffix(3))") }
      other.exit()
      simulation.run()
    }
  }

  @Test func `O1: a process that crashes at once has its beginning and its crash`() throws {
    let simulation = try HandDriven()
    let process = simulation.runtime.spawn { _ in crashNow("at once") }
    simulation.run()
    let trap = try simulation.runtime.lastTrap()
    let expected = [Happening(.began, process.id), Happening(.crashed(signal: Int(trap.signal)), process.id)]
    #expect(trap.events.map(Happening.init) == expected)
  }

  @Test(.timeLimit(.minutes(15)))
  func `O1: the events of processes that crash on many threads at once are those of each, and end with its crash`()
    throws
  {
    let (traps, wrong) = (Log<(ProcessID, Trap)>(), Log<String>())
    let count = many(200)
    _ = try withRuntime(.init(schedulers: 4)) { runtime in
      runtime.handleReports(perSecond: .max) { report in
        if case .abnormalExit(let id, _, .trap(let trap)) = report.event { traps.add((id, trap)) }
      }
      for number in 0..<count {
        runtime.spawn { process in
          process.spawn { child in
            for turn in 0..<number % 20 {
              child.mark("turn", turn)
              if turn % 2 == 0 { try child.yield() } else { try child.sleep(for: .microseconds(10)) }
            }
            crashNow("one of many")
          }
          for _ in 0..<10 { try process.yield() }
        }
      }
      runtime.waitUntilIdle()
      wait(until: "all crashes are told", on: runtime) { traps.entries.count == count }
      runtime.handleReports(nil)
    }
    for (id, trap) in traps.entries {
      let events = trap.events
      guard case .crashed(let signal)? = events.last?.kind, signal == trap.signal, events.last?.process == id else {
        wrong.add("\(id) ends with \(events.suffix(2))")
        continue
      }
      if !events.allSatisfy({ $0.process == id || $0.other == id }) { wrong.add("\(id): \(events)") }
      if !events.contains(where: { $0.kind == .began && $0.process == id }) { wrong.add("\(id) never began") }
      if zip(events, events.dropFirst()).contains(where: { $1.ticks < $0.ticks }) { wrong.add("\(id) goes back") }
    }
    #expect(wrong.entries.isEmpty, "\(wrong.entries.prefix(3))")
  }
}

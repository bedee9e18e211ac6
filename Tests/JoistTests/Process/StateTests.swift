// SPDX-License-Identifier: Apache-2.0
//
// States, transitions and identities of processes, and the layout of their records.

import Joist
import TestSupport
import Testing

@Suite struct StateTests {
  @Test func `L1: the six states have seven transitions and no other`() {
    let allowed: [(ProcessState, Transition, ProcessState)] = [
      (.created, .create, .ready), (.ready, .schedule, .running), (.running, .preempt, .ready),
      (.running, .block, .waiting), (.waiting, .wake, .ready), (.ready, .hold, .waiting),
      (.running, .terminate, .terminated),
    ]
    for state in ProcessState.allCases {
      for transition in Transition.allCases {
        let expected = allowed.first { $0.0 == state && $0.1 == transition }?.2
        #expect(state.after(transition) == expected, "\(state) \(transition)")
      }
    }
  }

  @Test func `I1: a record of zeros, whose memory was given back, reads as an ended process`() {
    #expect(ProcessState(rawValue: 0) == .terminated)
  }

  @Test func `L1: an invalid transition stops the program with its rule and is not performed`() async throws {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let runtime = try ProcessRuntime(.init(schedulers: 1))
      runtime.spareRecord().forceTransition(.wake)
    }
    let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(text.contains("PS2"))
  }

  @Test func `P2: an identity is ordered by slot, then generation, and prints as both`() {
    let ids = [ProcessID(slot: 1, generation: 2), ProcessID(slot: 1, generation: 9), ProcessID(slot: 2, generation: 1)]
    #expect(ids == ids.reversed().sorted())
    #expect(ids[0].description == "#1.2")
    #expect(ids[2].slot == 2 && ids[1].generation == 9)
  }

  @Test func `L2: a stale reference never reaches the record's next process`() throws {
    let simulation = try HandDriven(.init(schedulers: 1, processLimit: 1))
    let reached = Count()
    let first = simulation.runtime.spawn(Int.self) { _ in }
    simulation.run()
    let second = simulation.runtime.spawn(Int.self) { process in
      while true { reached.add(try process.receive()) }
    }
    simulation.run()
    #expect(first.id.slot == second.id.slot && first.id != second.id)
    first.send(100)
    first.exit()
    first.suspend()
    simulation.run()
    #expect(reached.total == 0 && first.snapshot == nil && !first.isAlive)
    #expect(simulation.runtime.statistics.messagesDropped == 1)
    second.send(1)
    simulation.run()
    #expect(reached.total == 1)
  }

  @Test func `L2: a reference names the process that was spawned, however soon it ends`() throws {
    _ = try withRuntime(.init(schedulers: 4)) { runtime in
      let refs = (0..<many(20_000)).map { _ in runtime.spawn { _ in } }
      runtime.waitUntilIdle()
      #expect(Set(refs.map(\.id)).count == refs.count)
      #expect(!refs.contains { $0.isAlive })
    }
  }

  @Test func `L2: a spawned process is ready, then runs, then is gone`() throws {
    let simulation = try HandDriven()
    let process = simulation.runtime.spawn(Int.self) { process in _ = try process.receive() }
    #expect(process.snapshot?.state == .ready)
    #expect(simulation.runtime.processes == [process.id])
    simulation.run()
    #expect(process.snapshot?.state == .waiting)
    #expect(process.snapshot?.waitReason == .receive)
    process.send(1)
    #expect(process.snapshot?.state == .ready)
    simulation.run()
    #expect(process.snapshot == nil)
    #expect(simulation.runtime.processes.isEmpty)
  }

  @Test func `L3: a snapshot says how long a process has waited`() throws {
    let simulation = try HandDriven()
    let process = simulation.runtime.spawn { process in try process.sleep(for: .seconds(10)) }
    simulation.run(passingTime: false)
    simulation.platform.advance(by: 3_000_000_000)
    #expect(process.snapshot?.waitReason == .sleep)
    #expect(process.snapshot?.waitingFor == .seconds(3))
  }

  @Test func `C3: the fields of a scheduler that others write are two cache lines from those of its own thread`() throws
  {
    let parts = try HandDriven().runtime.schedulerParts
    #expect(parts.others.lowerBound - parts.thread >= 128)
    #expect(parts.counters.lowerBound - parts.others.upperBound >= 128)
    #expect(parts.all - parts.counters.upperBound >= 128)
  }

  @Test func `C3: the fields of a record are at the offsets that other code relies on`() throws {
    let record = try HandDriven().runtime.spareRecord()
    let (cell, mail) = (record.lines[1].last, record.lines[2].first..<record.lines[2].last)
    #expect(record.slotPlace == ProcessRecord.slotOffset && cell == ProcessRecord.cellOffset)
    #expect(mail.contains(ProcessRecord.bodyOffset) && mail.contains(ProcessRecord.bodyOffset + 15))
  }

  @Test func `C3: a record is four cache lines, split by which thread writes them`() throws {
    let record = try HandDriven().runtime.spareRecord()
    #expect(record.bits % 64 == 0)
    for (line, fields) in record.lines.enumerated() {
      #expect(fields.first == line * 64 && fields.last / 64 == line)
    }
    #expect(record.lines.count == 4 && ProcessTable.recordBytes == 4 * 64)
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// The run queues of the four priorities, their order, and the reductions that a process is charged.

import Joist
import TestSupport
import Testing

@Suite struct QueueTests {
  @Test func `S6: the operations of a run queue keep its lists and counts consistent`() throws {
    let simulation = try HandDriven()
    let queue = RunQueue(ageing: 10)
    let processes = (0..<4).map { _ in simulation.runtime.spareRecord() }
    #expect(queue.isEmptyAtAGuess && queue.firstLevel == nil)
    for process in processes { queue.enqueue(process, at: .low, slice: 0) }
    #expect(queue.length(.low) == 4 && queue.firstLevel == .low && queue.approximateLength == 4)
    let isMoved = queue.moveUp(processes[1], to: .max, slice: 1)
    #expect(isMoved)
    #expect(queue.length(.low) == 3 && queue.length(.max) == 1 && queue.hasUrgentWorkAtAGuess)
    let first = queue.dequeue(.max, slice: 2)
    #expect(first == processes[1])
    let isMovedAgain = queue.moveUp(processes[1], to: .high, slice: 2)
    #expect(!isMovedAgain)
    #expect(queue.list(.max).it.lastScheduled == 2)
    for expected in [0, 2, 3] {
      let next = queue.dequeue(.low, slice: 3)
      #expect(next == processes[expected])
    }
    let none = queue.dequeue(.low, slice: 3)
    #expect(none == nil && queue.approximateLength == 0)
  }

  @Test func `S5: processes that waited long move up one level at a time, and no higher than high`() throws {
    let simulation = try HandDriven()
    let queue = RunQueue(ageing: 10)
    let low = simulation.runtime.spareRecord()
    let normal = simulation.runtime.spareRecord()
    queue.enqueue(low, at: .low, slice: 0)
    queue.enqueue(normal, at: .normal, slice: 5)
    var moved = queue.age(slice: 9)
    #expect(moved == 0)
    moved = queue.age(slice: 10)
    #expect(moved == 1 && queue.length(.normal) == 2)
    moved = queue.age(slice: 15)
    #expect(moved == 1 && queue.length(.high) == 1)
    moved = queue.age(slice: 20)
    #expect(moved == 1 && queue.length(.high) == 2)
    moved = queue.age(slice: 1_000)
    #expect(moved == 0 && queue.length(.max) == 0)
  }

  @Test func `S5: a level that is served does not age, however long it is`() throws {
    let simulation = try HandDriven()
    let queue = RunQueue(ageing: 10)
    for _ in 0..<3 { queue.enqueue(simulation.runtime.spareRecord(), at: .normal, slice: 0) }
    _ = queue.dequeue(.normal, slice: 9)
    var moved = queue.age(slice: 18)
    #expect(moved == 0 && queue.length(.normal) == 2)
    moved = queue.age(slice: 19)
    #expect(moved == 2 && queue.length(.high) == 2)
  }

  @Test func `S4: queues are served from max to low`() throws {
    let simulation = try HandDriven()
    let log = Log<Priority>()
    for priority in Priority.allCases.reversed() {
      for _ in 0..<3 {
        simulation.runtime.spawn(options: .init(priority: priority)) { _ in log.add(priority) }
      }
    }
    simulation.run()
    #expect(log.entries == Priority.allCases.flatMap { [$0, $0, $0] })
  }

  @Test func `S5: processes of one priority run in turn`() throws {
    let simulation = try HandDriven()
    let log = Log<Int>()
    for number in 0..<3 {
      simulation.runtime.spawn { process in
        for _ in 0..<3 {
          log.add(number)
          try process.yield()
        }
      }
    }
    simulation.run()
    #expect(log.entries == [0, 1, 2, 0, 1, 2, 0, 1, 2])
  }

  @Test func `S5: a low process runs in spite of normal processes that never stop`() throws {
    let simulation = try HandDriven(.init(schedulers: 1, ageing: 20))
    let count = Count()
    for _ in 0..<3 {
      simulation.runtime.spawn { process in while true { try process.yield() } }
    }
    simulation.runtime.spawn(options: .init(priority: .low)) { process in
      while true {
        count.add()
        try process.yield()
      }
    }
    for _ in 0..<1_000 { _ = simulation.runtime.step() }
    #expect(count.total >= 5 && count.total <= 50)
  }

  @Test func `S4: a high process on one scheduler runs before normal work of another`() throws {
    let simulation = try HandDriven(.init(schedulers: 2))
    let log = Log<String>()
    let runtime = simulation.runtime
    // Spawns from outside go to the schedulers in turn: 0, 1, 0.
    runtime.spawn { _ in log.add("normal") }
    runtime.spawn(options: .init(priority: .high)) { _ in log.add("high") }
    runtime.spawn(options: .init(priority: .high)) { process in
      try process.yield()
      log.add("other")
    }
    // Scheduler 1 moves its remote list to its queue when it runs; a second process stays in its list.
    runtime.spawn(options: .init(priority: .high)) { _ in log.add("high") }
    _ = runtime.step(1)
    _ = runtime.step(0)
    _ = runtime.step(0)
    _ = runtime.step(0)
    #expect(log.entries.last != "normal" || log.entries == ["high", "high", "other", "normal"])
    simulation.run()
    #expect(log.entries.last == "normal")
  }

  @Test func `S1: a process that counts its work is preempted after its reductions`() throws {
    let simulation = try HandDriven(.init(schedulers: 1, reductionsPerSlice: 100))
    let log = Log<Int>()
    for number in 0..<2 {
      simulation.runtime.spawn { process in
        for turn in 0..<200 {
          if turn % 100 == 0 { log.add(number) }
          try process.reduce(1)
        }
      }
    }
    simulation.run()
    #expect(log.entries == [0, 1, 0, 1])
  }

  @Test func `S2: sends are charged to the sender as a debt, which its next suspension point pays`() throws {
    let simulation = try HandDriven(.init(schedulers: 1, reductionsPerSlice: 100))
    let log = Log<String>()
    let sink = simulation.runtime.spawn(Int.self) { process in while true { _ = try process.receive() } }
    simulation.run()
    simulation.runtime.spawn { process in
      for _ in 0..<100 { sink.send(1) }
      log.add("sent")
      try process.reduce(0)
      log.add("went on")
    }
    simulation.runtime.spawn { _ in log.add("other") }
    simulation.run()
    #expect(log.entries == ["sent", "other", "went on"])
  }

  /// Returns the reductions of a process that does `work` once.
  private func price(_ work: @escaping @Sendable (ProcessContext<Int>, ProcessRef<Int>) throws -> Void) throws -> Int {
    let simulation = try HandDriven()
    let other = simulation.runtime.spawn(Int.self) { process in try process.sleep(for: .seconds(60)) }
    simulation.run(passingTime: false)
    let before = simulation.runtime.statistics.reductions
    simulation.runtime.spawn(Int.self) { process in try work(process, other) }
    simulation.run(passingTime: false)
    return simulation.runtime.statistics.reductions - before
  }

  @Test func `S2: each call costs what the table says`() throws {
    #expect(try price { _, _ in } == 0)
    #expect(try price { _, other in other.send(1) } == 4)
    #expect(try price { process, _ in process.spawn { _ in } } == 40)
    #expect(try price { process, _ in try process.reduce(123) } == 123)
    #expect(try price { _, other in _ = other.snapshot } == 4)
    #expect(try price { _, other in other.suspend() } == 4)
    #expect(try price { _, other in other.resume() } == 4)
    #expect(try price { _, other in other.exit() } == 4)
    #expect(try price { process, _ in _ = try process.receive(timeout: .zero) } == 2)
    #expect(try price { process, _ in try process.yield() } == 0)
  }

  @Test func `S2: a debt of reductions is limited, and so is a single charge`() throws {
    let simulation = try HandDriven()
    let log = Log<String>()
    simulation.runtime.spawn { process in
      for _ in 0..<8 { try process.reduce(.max) }
      log.add("paid")
    }
    let record = simulation.runtime.spareRecord()
    for _ in 0..<4 { record.charge(1 << 30) }
    simulation.run()
    #expect(log.entries == ["paid"] && record.reductionsLeft < 0)
  }

  @Test func `S2: a send costs more the more unread messages its receiver has`() throws {
    let crowd = (0..<3_000).reduce(0) { $0 + min($1 / 8, 250) }
    #expect(try price { _, other in for _ in 0..<3_000 { other.send(1) } } == 12_000 + crowd)
  }

  @Test func `S2: a hundred senders do not run far ahead of their receiver`() throws {
    let simulation = try HandDriven()
    let (each, maximum) = (many(1_000, oneIn: 4), Count())
    let receiver = simulation.runtime.spawn(Int.self) { process in
      for _ in 0..<100 * each {
        _ = try process.receive()
        maximum.add(max(0, process.messageCount - maximum.total))
      }
    }
    for _ in 0..<100 {
      simulation.runtime.spawn { process in
        for number in 0..<each {
          receiver.send(number)
          try process.reduce(1)
        }
      }
    }
    simulation.run()
    #expect(maximum.total > 100 && maximum.total < 10_000)
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// The processes with the largest figures, and with the largest growth.

import CFaultProbe
import Foundation
import Joist
import TestSupport
import Testing

@Suite(.serialized) struct TopTests {
  /// Waiting processes that have received as many messages as `counts` say.
  private func receivers(_ counts: [Int], in simulation: HandDriven) -> [ProcessRef<Int>] {
    let processes = counts.map { _ in
      simulation.runtime.spawn(Int.self) { process in while true { _ = try process.receive() } }
    }
    for (process, count) in zip(processes, counts) { for number in 0..<count { process.send(number) } }
    simulation.run()
    return processes
  }

  @Test func `T4: the top processes are those with the largest figures, the largest first, equals by identity`() throws
  {
    let simulation = try HandDriven()
    let counts = [3, 50, 0, 7, 50, 1, 20, 7, 0, 50]
    let processes = receivers(counts, in: simulation)
    let sorted = zip(processes, counts).map { ($0.id, $1) }.filter { $1 > 0 }.sorted { ($1.1, $0.0) < ($0.1, $1.0) }
    for limit in [0, 1, 2, 3, 5, 7, 8, 9, 100, -1] {
      let top = simulation.runtime.topProcesses(by: .messagesReceived, limit: limit)
      #expect(top.map(\.process.id) == sorted.prefix(max(0, limit)).map(\.0), "limit \(limit)")
      #expect(top.map(\.value) == sorted.prefix(max(0, limit)).map(\.1), "limit \(limit)")
    }
  }

  @Test func `T4: whatever the figures, the top is that of a sorted list`() throws {
    for seed in 0..<UInt64(20) {
      var random = SplitMix64(seed: seed)
      let simulation = try HandDriven()
      let counts = (0..<60).map { _ in Int(random.next() % 12) }
      let processes = receivers(counts, in: simulation)
      let sorted = zip(processes, counts).map { ($0.id, $1) }.filter { $1 > 0 }.sorted { ($1.1, $0.0) < ($0.1, $1.0) }
      let limit = Int(random.next() % 60)
      let top = simulation.runtime.topProcesses(by: .messagesReceived, limit: limit)
      #expect(top.map(\.process.id) == sorted.prefix(limit).map(\.0), "seed \(seed)")
    }
  }

  @Test func `T1–T5: each figure ranks by what the statistics of the process say`() throws {
    let simulation = try HandDriven()
    let (runtime, platform) = (simulation.runtime, simulation.platform)
    let sink = runtime.spawn(Int.self) { process in try process.sleep(for: .seconds(1_000)) }
    for number in 1...8 {
      runtime.spawn(Int.self) { process in
        for _ in 0..<number {
          sink.send(number)
          process.ref.send(number)
          _ = try process.receive()
          platform.advance(by: 2_000)
          try process.reduce(200)
          try process.sleep(for: .microseconds(10))
        }
        _ = try process.heap.allocateArray(repeating: UInt8(1), count: number * 1_000)
        for _ in 0..<number { process.ref.send(number) }
        _ = try process.receive { $0 == 0 }
      }
    }
    simulation.run(passingTime: false)
    for _ in 0..<40 { simulation.pass(nanoseconds: 10_000) }
    platform.advance(by: 1_000_000)
    let all = Array(runtime.processStatistics)
    #expect(all.count == 9 && Set(all.map(\.id)) == Set(runtime.processes))
    for figure in ProcessFigureKind.allCases {
      let top = runtime.topProcesses(by: figure, limit: 100)
      for (row, next) in zip(top, top.dropFirst()) { #expect(row.value >= next.value && row.value > 0, "\(figure)") }
      for row in top {
        let now = try #require(runtime.snapshot(of: row.process.id))
        let statistics = now.statistics
        let expected: Int? =
          switch figure {
          case .cpuTime: Int(statistics.cpuTime / .nanoseconds(1))
          case .queuedTime: Int(statistics.queuedTime / .nanoseconds(1))
          case .slices: statistics.slices
          case .waits: statistics.waits
          case .messagesReceived: statistics.messagesReceived
          case .messagesSent: statistics.messagesSent
          case .mailboxLength: statistics.mailboxLength
          case .memory: now.memory.heap + statistics.mailboxLength * 64
          case .waitingFor: statistics.waitingFor.map { Int($0 / .nanoseconds(1)) }
          }
        #expect(row.value == expected, "\(figure) of \(row.process.id)")
        #expect(row.process == all.first { $0.id == row.process.id }, "\(figure)")
      }
      #expect(!top.isEmpty, "\(figure)")
    }
  }

  @Test func `T4: growth counts from the last look, of new processes from zero, and not of those that have ended`()
    throws
  {
    let simulation = try HandDriven(.init(schedulers: 1, processLimit: 8))
    let runtime = simulation.runtime
    let first = receivers([10, 1, 5, 0], in: simulation)
    let growth = ProcessGrowth(of: .messagesReceived, in: runtime)
    #expect(growth.top(limit: 10).isEmpty)
    for (process, count) in zip(first, [2, 9, 0, 4]) { for number in 0..<count { process.send(number) } }
    simulation.run()
    var top = growth.top(limit: 2)
    #expect(top.map(\.process.id) == [first[1].id, first[3].id] && top.map(\.value) == [9, 4])
    // What a look did not return has been looked at, too.
    #expect(growth.top(limit: 10).isEmpty)
    // The records of the first two are used again, by processes with fewer messages than those had.
    for process in first.prefix(2) { process.exit() }
    simulation.run()
    let next = receivers([3, 6, 2, 1], in: simulation)
    #expect(!Set(next.map(\.id.slot)).isDisjoint(with: first.prefix(2).map(\.id.slot)))
    first[2].send(0)
    simulation.run()
    top = growth.top(limit: 10)
    #expect(top.map(\.value) == [6, 3, 2, 1, 1])
    #expect(top.prefix(3).map(\.process.id) == [next[1].id, next[0].id, next[2].id])
    #expect(Set(top.suffix(2).map(\.process.id)) == [next[3].id, first[2].id])
  }

  @Test func `T4: the top of a window has what the processes did in it`() async throws {
    let runtime = try ProcessRuntime(.init(schedulers: 2))
    let isOver = Count()
    let sink = runtime.spawn(Int.self) { process in while isOver.total == 0 { _ = try process.receive() } }
    let early = runtime.spawn(Int.self) { process in
      for number in 0..<10_000 { process.ref.send(number) }
      _ = try process.receive { $0 < 0 }
    }
    while early.snapshot?.state != .waiting { await Task.yield() }
    let busy = runtime.spawn { process in
      while isOver.total == 0 {
        sink.send(1)
        try process.sleep(for: .microseconds(100))
      }
    }
    let top = try await runtime.topProcesses(by: .messagesSent, limit: 3, over: .milliseconds(50))
    #expect(top.map(\.process.id) == [busy.id] && top[0].value > 0)
    isOver.add()
    sink.send(0)
    early.exit()
    await runtime.waitUntilIdle()
    await runtime.shutdown()
  }

  @Test(.timeLimit(.minutes(15)))
  func `T2: while a list is read halfway, processes run, start and end, and the list goes on`() throws {
    let turns = Count()
    let isOver = Count()
    _ = try withRuntime { runtime in
      let waiting = (0..<100).map { _ in runtime.spawn(Int.self) { _ = try $0.receive() } }
      runtime.spawn { process in
        while isOver.total == 0 {
          turns.add()
          try process.yield()
        }
      }
      wait(until: "they wait", on: runtime) { waiting.allSatisfy { $0.snapshot?.state == .waiting } }
      var listed: Set<ProcessID> = []
      for statistics in runtime.processStatistics {
        listed.insert(statistics.id)
        guard listed.count % 10 == 0, listed.count <= 60 else { continue }
        let before = turns.total
        wait(until: "a process runs during the list", on: runtime) { turns.total > before }
        let short = runtime.spawn { process in try process.yield() }
        wait(until: "a process starts and ends during the list", on: runtime) { !short.isAlive }
        _ = runtime.topProcesses(by: .slices, limit: 5)
      }
      #expect(listed.isSuperset(of: waiting.map(\.id)))
      isOver.add()
      for process in waiting { process.send(1) }
    }
  }

  #if os(Linux)
    // In debug builds accesses call malloc.
    @Test(.enabled(if: isOptimized))
    func `T5: reading the statistics of all processes calls malloc no oftener for many than for few`() async {
      await #expect(processExitsWith: .exitCode(0)) {
        var calls: [Int64] = []
        for count in [10, 1_000] {
          let simulation = try HandDriven()
          let processes = (0..<count).map { _ in simulation.runtime.spawn(Int.self) { _ = try $0.receive() } }
          simulation.run()
          for round in 0..<2 {
            let before = probe_malloc_calls()
            var (seen, waits) = (0, 0)
            for process in simulation.runtime.processStatistics {
              seen += 1
              waits += process.waits
            }
            if round == 1 { calls.append(probe_malloc_calls() - before) }
            precondition(seen == count && waits == count)
          }
          for process in processes { process.send(1) }
          simulation.run()
        }
        precondition(calls[0] == calls[1], "\(calls)")
        exit(0)
      }
    }
  #endif

  // Debug builds do not show what a list costs.
  @Test(.enabled(if: isOptimized), .timeLimit(.minutes(15)))
  func `T5: a list of a hundred thousand processes costs a small multiple of a walk over their cache lines`() throws {
    let count = 100_000
    _ = try withRuntime(.init(schedulers: 2, slots: 2_048)) { runtime in
      let processes = (0..<count).map { _ in runtime.spawn(Int.self) { _ = try $0.receive() } }
      runtime.waitUntilIdle()
      let walked = Walk(lines: 4 * count)
      var (walk, list) = (Duration.seconds(100), Duration.seconds(100))
      for _ in 0..<15 {
        walk = min(walk, ContinuousClock().measure { #expect(walked.sum() == 4 * UInt64(count)) })
        list = min(
          list,
          ContinuousClock().measure {
            #expect(runtime.topProcesses(by: .waitingFor, limit: 20).count == 20)
          }
        )
      }
      #expect(list < walk * 20, "\(list) and \(walk)")
      for process in processes { process.send(1) }
    }
  }
}

/// Memory of which each cache line is read.
private final class Walk: Sendable {
  private let words: [UInt64]

  init(lines: Int) { words = Array(repeating: 1, count: 8 * lines) }

  @inline(never)
  func sum() -> UInt64 {
    var sum: UInt64 = 0
    for index in stride(from: 0, to: words.count, by: 8) { sum &+= words[index] }
    return sum
  }
}

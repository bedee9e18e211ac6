// SPDX-License-Identifier: Apache-2.0
//
// Servers with private heaps.

import Joist
import JoistSupervision
import TestSupport
import Testing

/// An entry of the list that a server keeps on its private heap.
private struct Entry: BitwiseCopyable, HeapTraceable {
  var number: Int
  var next: HeapRef<Entry>?

  mutating func trace(_ tracer: inout HeapTracer) { tracer.visit(&next) }
}

private enum Order {
  case add(Int)
  case sum(ReplyTo<Int>)
  case size(ReplyTo<HeapStatistics>)
}

/// A server that keeps all numbers in a list and allocates many values that it does not keep.
private struct Keeper: Server, HeapTraceable {
  var first: HeapRef<Entry>?
  var left = 0

  mutating func trace(_ tracer: inout HeapTracer) { tracer.visit(&first) }

  mutating func handle(_ message: sending Order, in process: ProcessContext<Order>) throws {
    let heap = process.heap
    switch message {
    case .add(let number):
      first = try heap.allocate(Entry(number: number, next: first))
      for number in 0..<100 { _ = try heap.allocate(Entry(number: number, next: first)) }
      left = 3
    case .sum(let reply):
      var (sum, next) = (0, first)
      while let entry = next { (sum, next) = (sum + heap[entry].number, heap[entry].next) }
      reply.send(sum)
    case .size(let reply): reply.send(heap.statistics)
    }
  }

  var continues: Bool { left > 0 }

  mutating func handleContinue(in process: ProcessContext<Order>) throws {
    left -= 1
    for number in 0..<100 { _ = try process.heap.allocate(Entry(number: number, next: first)) }
  }
}

/// The same server, but not `HeapTraceable`, so its references are not known.
private struct Hoarder: Server {
  var keeper = Keeper()

  mutating func handle(_ message: sending Order, in process: ProcessContext<Order>) throws {
    try keeper.handle(message, in: process)
  }
}

@Suite struct HeapServerTests {
  /// Returns the sum and the heap statistics of a server after `count` numbers.
  private func trial(_ count: Int, _ start: @Sendable @escaping (ProcessRuntime) -> ProcessRef<Order>) throws -> (
    sum: Int, size: HeapStatistics
  ) {
    let simulation = try HandDriven()
    let server = start(simulation.runtime)
    let log = Log<(Int, HeapStatistics)>()
    for number in 1...count { server.send(.add(number)) }
    simulation.runtime.spawn { process in
      log.add((try process.call(server) { .sum($0) }, try process.call(server) { .size($0) }))
    }
    simulation.run()
    return try #require(log.entries.first)
  }

  @Test func `P4: a server's heap is collected between messages, and what it refers to is kept`() throws {
    let (sum, size) = try trial(1_000) { Keeper.start(Keeper(), on: $0) }
    #expect(sum == 1_000 * 1_001 / 2)
    // Each message, with the work that follows it, allocates ten kilobytes.
    #expect(size.youngCollections > 100 && size.heldBytes < 300_000)
  }

  @Test func `P4: the heap of a server that is not HeapTraceable is not collected`() throws {
    let (sum, size) = try trial(100) { Hoarder.start(Hoarder(), on: $0) }
    #expect(sum == 100 * 101 / 2 && size.youngCollections == 0)
  }
}

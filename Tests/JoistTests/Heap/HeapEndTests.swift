// SPDX-License-Identifier: Apache-2.0
//
// A heap ends with its process, however the process ends, and its memory is given back.

import Joist
import TestSupport
import Testing

/// A way in which a process with a heap ends.
enum WayOut: CaseIterable {
  case returns, throwsAnError, exits, isTold, isKilled, isAbandoned, traps, overflows, limit
  case trapsWithElements, trapsInCollection, trapsInFullCollection, trapsInCopy
}

/// A list node whose `trace` traps for the last node of the list.
private struct Trapping: BitwiseCopyable, HeapTraceable {
  var number: Int
  var next: HeapRef<Trapping>?

  mutating func trace(_ tracer: inout HeapTracer) {
    precondition(number > 0)
    tracer.visit(&next)
  }

  static func list(on heap: ProcessHeap) throws -> HeapRef<Trapping>? {
    var first: HeapRef<Trapping>?
    for number in 0..<1_000 { first = try heap.allocate(Trapping(number: number, next: first)) }
    return first
  }
}

@inline(never)
private func recurse(_ depth: Int) -> Int { depth == .max ? 0 : recurse(depth + 1) + 1 }

extension WayOut {
  /// Ends the process in this way, or waits for the signal that ends it.
  func go(_ process: ProcessContext<Int>) throws {
    struct Unwell: Error {}
    let heap = process.heap
    switch self {
    case .returns: return
    case .throwsAnError: throw Unwell()
    case .exits: try process.exit(.shutdown)
    case .isTold, .isKilled: while true { _ = try process.receive() }
    case .isAbandoned: while true { _ = try? process.receive() }
    case .traps: crashUnless(false)
    case .overflows: crashUnless(recurse(0) == 1)
    case .limit: _ = try heap.allocateArray(repeating: 0, count: 1_000_000)
    case .trapsWithElements: heap.withElements(of: try heap.allocateArray([1])) { _ in crashUnless(false) }
    case .trapsInCollection, .trapsInFullCollection:
      var first = try Trapping.list(on: heap)
      heap.collect(keeping: &first, fully: self == .trapsInFullCollection)
    case .trapsInCopy:
      let first = try Trapping.list(on: heap)
      _ = try heap.copy(first)
    }
  }
}

@Suite struct HeapEndTests {
  @Test(arguments: WayOut.allCases)
  func `P4: all memory of a heap is given back, however its process ends`(way: WayOut) throws {
    let simulation = try HandDriven(.init(schedulers: 1, processLimit: 10))
    let (prepared, slots) = (Count(), Log<Int>())
    for large in [false, true] {
      let ref = simulation.runtime.spawn(Int.self, options: .init(memoryLimit: 4 << 20)) { process in
        let heap = process.heap
        var old = try heap.list(0..<(large ? 10_000 : 10))
        heap.collect(keeping: &old)
        heap[old!].next = try heap.list(0..<(large ? 10_000 : 10))
        prepared.add()
        try way.go(process)
      }
      slots.add(ref.id.slot)
      simulation.run()
      let waits = way == .isTold || way == .isKilled || way == .isAbandoned
      #expect((simulation.runtime.statistics.heapBytes > 0) == waits)
      ref.exit(way == .isTold ? .shutdown : .killed)
      simulation.run()
      #expect(simulation.runtime.statistics.heapBytes == 0 && ref.snapshot == nil)
    }
    // The second process has the record, and so the heap, of the first.
    #expect(prepared.total == 2 && Set(slots.entries).count == 1)
  }

  @Test func `I1: the blocks of ended heaps are reused`() throws {
    let statistics = try withRuntime(.init(schedulers: 2)) { runtime in
      for _ in 0..<many(20_000) {
        runtime.spawn { process in
          var list = try process.heap.list(0..<50)
          process.heap.collect(keeping: &list)
          crashUnless(process.heap.numbers(list) == Array(0..<50))
        }
      }
    }
    #expect(statistics.youngCollections == many(20_000) && statistics.heapBytes == 0)
  }

  @Test func `I2: a process that finds no memory ends with that reason, and no other process ends`() throws {
    var reasons: [String: Int] = [:]
    for count in 0..<30 {
      let simulation = try HandDriven()
      let log = Log<ExitReason>()
      let beside = Log<Bool>()
      simulation.runtime.spawn(Down.self) { process in
        var ownList = try process.heap.list(0..<100)
        process.spawnMonitored(down: { $0 }) { process in
          let heap = process.heap
          var first = try heap.list(0..<50_000)
          heap.collect(keeping: &first)
          try process.yield()
          heap[first!].next = try heap.list(0..<20_000)
          var array = try heap.allocateArray(repeating: 1, count: 100_000)
          heap.collect(keeping: &first, &array)
          heap.collect(keeping: &first, fully: true)
          try process.yield()
          let copy = try heap.copy(first)
          _ = try heap.adopt(copy)
          crashUnless(heap.numbers(first) == [0] + Array(0..<20_000))
        }
        log.add(try process.receive().reason)
        process.heap.collect(keeping: &ownList)
        beside.add(process.heap.numbers(ownList) == Array(0..<100))
      }
      simulation.run(reservations: count)
      reasons["\(try #require(log.entries.first))", default: 0] += 1
      #expect(beside.entries == [true] && simulation.runtime.statistics.heapBytes == 0)
    }
    #expect(Set(reasons.keys) == ["memory limit", "normal"], "\(reasons)")
  }
}

extension HandDriven {
  /// Runs with at most `reservations` reservations of memory, counted from the first slice on.
  fileprivate func run(reservations: Int) {
    while runtime.statistics.slices == 0 { _ = runtime.step(0) }
    platform.limitReservations(to: reservations)
    run()
    platform.limitReservations(to: .max)
  }
}

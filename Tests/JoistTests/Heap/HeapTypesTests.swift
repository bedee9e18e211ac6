// SPDX-License-Identifier: Apache-2.0
//
// Many types on heaps, each with its own layout (HL1, HL3).

import Joist
import TestSupport
import Testing

/// A link of a chain in which each link has a different type.
private protocol Chained: BitwiseCopyable, HeapTraceable {
  /// Returns the number of links behind this one.
  func count(on heap: ProcessHeap) -> Int
}

private struct Last: Chained {
  mutating func trace(_: inout HeapTracer) {}
  func count(on _: ProcessHeap) -> Int { 0 }
}

private struct Step<Next: Chained>: Chained {
  var next: HeapRef<Next>

  mutating func trace(_ tracer: inout HeapTracer) { tracer.visit(&next) }
  func count(on heap: ProcessHeap) -> Int { 1 + heap[next].count(on: heap) }
}

/// A link that leads to the next one through an array of one element.
private struct Row<Next: Chained>: Chained {
  var next: HeapArray<Next>

  mutating func trace(_ tracer: inout HeapTracer) { tracer.visit(&next) }
  func count(on heap: ProcessHeap) -> Int { 1 + heap[next, 0].count(on: heap) }
}

extension ProcessHeap {
  /// Builds a chain of `length` links before `first`, and returns its length after a young and a full collection.
  fileprivate func chain<First: Chained>(_ length: Int, before first: First) throws -> Int {
    guard length > 0 else {
      var kept = try allocate(first)
      collect(keeping: &kept)
      collect(keeping: &kept, fully: true)
      return self[kept].count(on: self)
    }
    if length % 2 == 0 { return try chain(length - 1, before: Row(next: allocateArray([first]))) }
    return try chain(length - 1, before: Step(next: allocate(first)))
  }
}

@Suite struct HeapTypesTests {
  @Test func `P4: two hundred types of one size keep their layouts while eight processes use them`() throws {
    let statistics = try withRuntime(.init(schedulers: 4)) { runtime in
      for _ in 0..<8 {
        runtime.spawn { process in crashUnless(try process.heap.chain(200, before: Last()) == 200) }
      }
    }
    #expect(statistics.fullCollections == 8 && statistics.abnormalExits == 0)
  }
}

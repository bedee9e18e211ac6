// SPDX-License-Identifier: Apache-2.0
//
// Graphs that are sent: the sender copies them out of its heap, and the receiver adopts the copy into its own.

import Joist
import TestSupport
import Testing

/// A node with one field of each kind that a heap can hold.
private struct Part: BitwiseCopyable, HeapTraceable {
  var number: Int
  var lanes: SIMD2<Int>
  var next: HeapRef<Part>?
  var others: HeapArray<HeapRef<Part>?>?
  var text: HeapArray<UInt8>?

  mutating func trace(_ tracer: inout HeapTracer) {
    tracer.visit(&next)
    tracer.visit(&others)
    tracer.visit(&text)
  }
}

private enum Mail {
  case list(HeapCopy<HeapRef<Link>?>)
  case parts(HeapCopy<HeapRef<Part>>)
}

extension ProcessHeap {
  /// Makes a ring of `count` parts, each with references to all parts, and returns the first.
  fileprivate func ring(_ count: Int) throws -> HeapRef<Part> {
    let parts = try (0..<count).map { number in
      try allocate(Part(number: number, lanes: [number, -number], text: try allocateArray("part \(number)".utf8)))
    }
    let all = try allocateArray(parts.map(Optional.init))
    for (index, part) in parts.enumerated() {
      self[part].next = parts[(index + 1) % count]
      self[part].others = all
    }
    return parts[0]
  }

  /// Returns whether `first` leads to a ring such as ``ring(_:)`` makes.
  fileprivate func isRing(_ first: HeapRef<Part>, _ count: Int) -> Bool {
    var part = first
    for number in 0..<count {
      let (this, others) = (self[part], self[part].others!)
      let text = withElements(of: this.text!) { text in text.indices.map { text[$0] } }
      guard this.number == number, this.lanes == [number, -number], text == Array("part \(number)".utf8),
        self.count(of: others) == count, self[others, number] == part, self[first].others == others
      else { return false }
      part = this.next!
    }
    return part == first
  }
}

@Suite struct HeapCopyTests {
  @Test(arguments: [1, 2, 10, 1_000])
  func `P4: a graph that is sent arrives unchanged and stays unchanged at the sender`(count: Int) throws {
    let log = Log<Bool>()
    _ = try withRuntime(.init(schedulers: 2)) { runtime in
      let receiver = runtime.spawn(Mail.self) { process in
        let heap = process.heap
        var kept = try heap.list(0..<7)
        for _ in 0..<4 {
          guard case .parts(let copy) = try process.receive() else { continue }
          var ring = try heap.adopt(copy)
          log.add(heap.isRing(ring, count))
          heap.collect(keeping: &ring, &kept)
          log.add(heap.isRing(ring, count) && heap.numbers(kept) == Array(0..<7))
        }
      }
      runtime.spawn { process in
        let heap = process.heap
        _ = try heap.list(0..<3)
        var ring = try heap.ring(count)
        for turn in 0..<4 {
          try receiver.send(copying: ring, from: heap) { .parts($0) }
          log.add(heap.isRing(ring, count))
          // The ring is sent while it is young, while it is old, and twice with a young text in an old part.
          if turn == 0 { heap.collect(keeping: &ring) }
          if turn == 1 { heap[ring].text = try heap.allocateArray("part 0".utf8) }
        }
        heap.collect(keeping: &ring, fully: true)
        log.add(heap.isRing(ring, count))
      }
    }
    #expect(log.entries == Array(repeating: true, count: 13))
  }

  @Test func `P4: a graph a million deep is sent without recursion`() throws {
    let depth = many(1_000_000)
    let log = Log<Bool>()
    _ = try withRuntime(.init(schedulers: 2)) { runtime in
      let receiver = runtime.spawn(HeapCopy<HeapRef<Link>?>.self) { process in
        let list = try process.heap.adopt(try process.receive())
        log.add(process.heap.numbers(list) == Array(0..<depth))
      }
      runtime.spawn { process in
        try receiver.send(copying: try process.heap.list(0..<depth), from: process.heap)
      }
    }
    #expect(log.entries == [true])
  }

  @Test func `P4: any number of processes may adopt the same copy`() throws {
    let log = Log<[Int]>()
    let group = ProcessGroup<HeapCopy<HeapRef<Link>?>>()
    _ = try withRuntime(.init(schedulers: 2)) { runtime in
      for number in 0..<20 {
        group.join(
          runtime.spawn(HeapCopy<HeapRef<Link>?>.self) { process in
            let list = try process.heap.adopt(try process.receive())
            process.heap[list!].number = number
            log.add(process.heap.numbers(list))
          }
        )
      }
      runtime.spawn { process in
        let copy = try process.heap.copy(try process.heap.list(0..<100))
        crashUnless(copy.bytes == 2_400)
        group.broadcast(copy)
      }
    }
    #expect(Set(log.entries) == Set((0..<20).map { [$0] + Array(1..<100) }))
  }

  @Test func `P4: a copy holds only what its value leads to, and a shared object only once`() throws {
    let bytes = try inProcess { process in
      struct Both: BitwiseCopyable, HeapTraceable {
        var first, second: HeapRef<Link>?
        mutating func trace(_ tracer: inout HeapTracer) {
          tracer.visit(&first)
          tracer.visit(&second)
        }
      }
      let heap = process.heap
      let list = try heap.list(0..<10)
      _ = try heap.list(0..<1_000)
      return try [heap.copy(Both(first: list, second: list)).bytes, heap.copy(Both()).bytes]
    }
    #expect(bytes == [240, 0])
  }

  @Test func `P4: a copy may be adopted after a collection and after later copies`() throws {
    let numbers = try inProcess { process in
      let heap = process.heap
      let first = try heap.copy(try heap.list(0..<10))
      heap.collect()
      let second = try heap.copy(try heap.list(10..<20))
      let (a, b) = (try heap.adopt(second), try heap.adopt(first))
      return heap.numbers(b) + heap.numbers(a)
    }
    #expect(numbers == Array(0..<20))
  }

  @Test func `P4: an adopted object that was old at its sender is written like any other young object`() throws {
    let numbers = try inProcess { process in
      let heap = process.heap
      var old = try heap.list(0..<3)
      heap.collect(keeping: &old)
      var adopted = try heap.adopt(try heap.copy(old))
      heap[adopted!].next = try heap.list(10..<13)
      heap.collect(keeping: &adopted)
      return heap.numbers(adopted)
    }
    #expect(numbers == [0, 10, 11, 12])
  }

  @Test func `P4: a copy that exceeds the memory limit ends its receiver with that reason`() throws {
    let reasons = Log<String>()
    _ = try withRuntime(.init(schedulers: 1)) { runtime in
      runtime.spawn(Down.self) { process in
        let heap = process.heap
        let copy = try heap.copy(try heap.list(0..<1_000))
        for limit in [10_000, 100_000] {
          process.spawnMonitored(options: .init(memoryLimit: limit), down: { $0 }) { _ = try $0.heap.adopt(copy) }
          reasons.add("\(try process.receive().reason)")
        }
      }
    }
    #expect(reasons.entries == ["memory limit", "normal"])
  }

  @Test func `P4: sending a stale reference ends the process`() throws {
    let said = try saying("leads nowhere") { process in
      let list = try process.heap.list(0..<10)
      process.heap.collect()
      _ = try process.heap.copy(list)
    }
    #expect(said.contains("leads nowhere"), "\(said)")
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// What a collection keeps and what it frees.

import Joist
import TestSupport
import Testing

/// A node with two references, for graphs of any shape.
private struct Node: BitwiseCopyable, HeapTraceable {
  var number: Int
  var left, right: HeapRef<Node>?

  mutating func trace(_ tracer: inout HeapTracer) {
    tracer.visit(&left)
    tracer.visit(&right)
  }
}

/// A value whose `trace` visits a copy of its reference and so does not keep the object.
private struct Liar: BitwiseCopyable, HeapTraceable {
  var ref: HeapRef<Int>

  mutating func trace(_ tracer: inout HeapTracer) {
    var copy = ref
    tracer.visit(&copy)
  }
}

/// A value whose `trace` visits a forged reference, made of `bits`.
private struct Forger: BitwiseCopyable, HeapTraceable {
  var ref: HeapRef<Int>?
  var bits: UInt

  mutating func trace(_ tracer: inout HeapTracer) {
    var forged = unsafeBitCast(bits, to: HeapRef<Int>.self)
    tracer.visit(&forged)
  }
}

@Suite struct CollectTests {
  @Test func `P4: a collection keeps what the state leads to and frees the rest`() throws {
    let (numbers, statistics) = try inProcess { process in
      let heap = process.heap
      var first = try heap.list(0..<1_000)
      _ = try heap.list(0..<100_000)
      heap.collect(keeping: &first)
      return (heap.numbers(first), heap.statistics)
    }
    #expect(numbers == Array(0..<1_000))
    #expect(statistics.youngBytes == 0 && statistics.oldBytes == 1_000 * 24)
    #expect(statistics.youngCollections == 1 && statistics.heldBytes < 8 << 20)
  }

  @Test func `P4: a cycle is kept once, and freed when nothing leads to it`() throws {
    let (isRound, before, after) = try inProcess { process in
      let heap = process.heap
      var a = Optional(try heap.allocate(Node(number: 1)))
      let b = try heap.allocate(Node(number: 2, left: a))
      heap[a!].left = b
      heap[a!].right = a
      process.collect(keeping: &a)
      let next = heap[a!].left!
      let isRound = heap[next].left == a && heap[a!].right == a && heap[next].number == 2
      let before = heap.statistics.oldBytes
      a = nil
      heap.collect(keeping: &a, fully: true)
      return (isRound, before, heap.statistics.oldBytes)
    }
    #expect(isRound && before == 2 * 32 && after == 0)
  }

  @Test func `P4: a graph a million deep is collected without recursion`() throws {
    let depth = many(1_000_000)
    let sums = try inProcess { process in
      let heap = process.heap
      var first = try heap.list(0..<depth)
      var sums: [Int] = []
      for _ in 0..<3 {
        heap.collect(keeping: &first)
        var (sum, next) = (0, first)
        while let link = next { (sum, next) = (sum + heap[link].number, heap[link].next) }
        sums.append(sum)
        // The next collection moves the old list to a new space.
        first = try heap.allocate(Link(number: 0, next: first))
        _ = try heap.list(0..<(depth / 10))
      }
      return sums
    }
    #expect(sums == Array(repeating: depth * (depth - 1) / 2, count: 3))
  }

  @Test func `P4: a young object that only an old object leads to is kept`() throws {
    let (numbers, array) = try inProcess { process in
      let heap = process.heap
      var old = try heap.allocate(Link(number: 1))
      var refs = try heap.allocateArray([HeapRef<Link>?](repeating: nil, count: 3))
      heap.collect(keeping: &old, &refs)
      heap[old].next = try heap.allocate(Link(number: 2))
      heap[old].number += 1
      heap[refs, 1] = try heap.allocate(Link(number: 5))
      heap.collect(keeping: &old, &refs)
      // An object that has left the remembered set can enter it again.
      heap[heap[old].next!].next = try heap.allocate(Link(number: 3))
      let last = try heap.allocate(Link(number: 6))
      heap.withMutableElements(of: refs) { $0[2] = last }
      heap.collect(keeping: &old, &refs)
      return (heap.numbers(old), (0..<3).map { heap.numbers(heap[refs, $0]) })
    }
    #expect(numbers == [2, 2, 3] && array == [[], [5], [6]])
  }

  @Test func `P4: an old object enters the remembered set once, however often it is written`() throws {
    let held = try inProcess { process in
      let heap = process.heap
      var old = try heap.allocate(Link(number: 1))
      heap.collect(keeping: &old)
      for number in 0..<100_000 { heap[old].number = number }
      return heap.statistics.heldBytes
    }
    #expect(held <= 3 * 512)
  }

  @Test func `P4: a state may hold optionals, arrays and dictionaries of values with references`() throws {
    struct State: HeapTraceable {
      var lists: [HeapRef<Link>?] = []
      var texts: [String: HeapArray<UInt8>] = [:]
      mutating func trace(_ tracer: inout HeapTracer) {
        tracer.visit(&lists)
        tracer.visit(&texts)
      }
    }
    let isRight = try inProcess { process in
      let heap = process.heap
      var state = State()
      for length in 0..<100 {
        state.lists.append(try heap.list(0..<length))
        state.texts["\(length)"] = try heap.allocateArray("text \(length)".utf8)
        heap.collect(keeping: &state)
      }
      return state.lists.enumerated().allSatisfy { heap.numbers($1) == Array(0..<$0) }
        && state.texts.allSatisfy { key, text in
          heap.withElements(of: text) { text in text.indices.map { text[$0] } } == Array("text \(key)".utf8)
        }
    }
    #expect(isRight)
  }

  @Test func `P4: a trace may visit a reference twice`() throws {
    struct Twice: BitwiseCopyable, HeapTraceable {
      var link: HeapRef<Link>?
      mutating func trace(_ tracer: inout HeapTracer) {
        tracer.visit(&link)
        tracer.visit(&link)
      }
    }
    let numbers = try inProcess { process in
      let heap = process.heap
      _ = try heap.list(0..<10)
      var twice = Twice(link: try heap.list(0..<3))
      for fully in [false, true, false] {
        twice.link = try heap.allocate(Link(number: 7, next: twice.link))
        heap.collect(keeping: &twice, fully: fully)
      }
      return heap.numbers(twice.link) + heap.numbers(try heap.adopt(try heap.copy(twice)).link)
    }
    #expect(numbers == [7, 7, 7, 0, 1, 2, 7, 7, 7, 0, 1, 2])
  }

  @Test func `P4: over-aligned values stay aligned when they move`() throws {
    let isRight = try inProcess { process in
      let heap = process.heap
      struct Wide: BitwiseCopyable, HeapTraceable {
        var lanes: SIMD4<Int32>
        var array: HeapArray<SIMD2<Int>>
        var next: HeapRef<Wide>?
        mutating func trace(_ tracer: inout HeapTracer) {
          tracer.visit(&array)
          tracer.visit(&next)
        }
      }
      var first: HeapRef<Wide>?
      for round in 0..<50 {
        for number in 0..<20 {
          _ = try heap.allocate(number)
          let array = try heap.allocateArray(repeating: SIMD2(number, round), count: number)
          first = try heap.allocate(Wide(lanes: .init(repeating: Int32(round)), array: array, next: first))
        }
        heap.collect(keeping: &first)
      }
      var (count, next) = (0, first)
      while let wide = next {
        guard heap[wide].lanes == .init(repeating: Int32(49 - count / 20)) else { return false }
        let isAligned = heap.withElements(of: heap[wide].array) { elements in
          elements.withUnsafeBufferPointer { Int(bitPattern: $0.baseAddress) % 16 == 0 && $0.count == 19 - count % 20 }
        }
        guard isAligned else { return false }
        (count, next) = (count + 1, heap[wide].next)
      }
      return count == 1_000
    }
    #expect(isRight)
  }

  @Test func `P4: old garbage is freed once it is as large as the live old objects`() throws {
    let largest = try inProcess { process in
      let heap = process.heap
      var first = try heap.list(0..<1_000)
      var largest = 0
      for _ in 0..<200 {
        first = try heap.list(heap.numbers(first))
        heap.collect(keeping: &first)
        largest = max(largest, heap.statistics.oldBytes)
      }
      return largest
    }
    #expect(largest <= 3 * 24_000)
  }

  @Test func `P4: a young space that has grown large becomes small again`() throws {
    let sizes = try inProcess { process in
      let heap = process.heap
      _ = try heap.allocateArray(repeating: 0, count: 1_000_000)
      var sizes: [Int] = []
      for _ in 0..<200 {
        heap.collect()
        sizes.append(heap.statistics.heldBytes)
        _ = try heap.list(0..<10)
      }
      return sizes
    }
    #expect(try #require(sizes.first) >= 8_000_000 && sizes.last == 1_024)
  }

  @Test func `P4: a loop collects once enough has been allocated`() throws {
    let (collections, largest) = try inProcess { process in
      let heap = process.heap
      var kept = try heap.list(0..<10)
      var (collections, largest) = (0, 0)
      for _ in 0..<10_000 {
        _ = try heap.list(0..<10)
        if heap.collectIfNeeded(keeping: &kept) { collections += 1 }
        largest = max(largest, heap.statistics.heldBytes)
      }
      return (collections, largest)
    }
    #expect((100...300).contains(collections) && largest < 40_000)
  }

  @Test func `P4: collections, allocated bytes and surviving bytes are counted`() throws {
    let statistics = try withRuntime(.init(schedulers: 1)) { runtime in
      runtime.spawn { process in
        let heap = process.heap
        var first = try heap.list(0..<1_000)
        heap.collect(keeping: &first)
        heap.collect(keeping: &first)
        first = try heap.list(0..<10_000)
        heap.collect(keeping: &first)
        heap.collect(keeping: &first, fully: true)
        heap.collect()
        _ = try heap.allocate(1)
      }
    }
    #expect(statistics.youngCollections == 2 && statistics.fullCollections == 2)
    #expect(statistics.heapBytesAllocated == 11_000 * 24 + 16)
    #expect(statistics.heapBytesSurvived == 21_000 * 24)
    #expect(statistics.heapBytes == 0)
  }

  // MARK: Types with a wrong `trace`

  @Test func `P4: an object that a trace leaves out is not kept, and using its reference is an error`() throws {
    let said = try saying("leads nowhere") { process in
      let heap = process.heap
      var liar = try heap.allocate(Liar(ref: try heap.allocate(1)))
      heap.collect(keeping: &liar)
      _ = heap[heap[liar].ref]
    }
    #expect(said.contains("leads nowhere"), "\(said)")
  }

  @Test func `P4: a trace that visits a stale reference ends its process`() throws {
    let said = try saying("a `trace` visited a heap reference that leads nowhere") { process in
      let heap = process.heap
      let lost = try heap.allocate(1)
      heap.collect()
      var liar = try heap.allocate(Liar(ref: lost))
      heap.collect(keeping: &liar)
    }
    #expect(said.contains("a `trace` visited a heap reference that leads nowhere"))
  }

  @Test func `P4: a trace that visits a forged reference harms at most its own process`() throws {
    let good = Count()
    let reasons = Log<String>()
    _ = try withRuntime(.init(schedulers: 1)) { runtime in
      runtime.spawn(Down.self) { process in
        var ownList = try process.heap.list(0..<100)
        for offset in (0..<200).map({ UInt($0) * 8 }) {
          process.spawnMonitored(down: { $0 }) { process in
            let heap = process.heap
            let ref = try heap.allocate(0x0102_0304_0506_0708)
            _ = try heap.list((0..<100).map { $0 * 0x0101_0101_0101 })
            var forger = try heap.allocate(Forger(ref: ref, bits: unsafeBitCast(ref, to: UInt.self) + offset))
            heap.collect(keeping: &forger)
            good.add()
          }
          reasons.add("\(try process.receive().reason)")
          process.heap.collect(keeping: &ownList)
          crashUnless(process.heap.numbers(ownList) == Array(0..<100))
        }
      }
    }
    let trapped = reasons.entries.filter { $0.hasPrefix("trap") }
    #expect(trapped.allSatisfy { !$0.contains("signal 11") } && trapped.contains { $0.contains("leads to no object") })
    #expect(good.total > 0 && trapped.count > 0 && good.total + trapped.count == 200)
  }

  @Test(arguments: ["look", "allocate", "collect"])
  func `P4: a trace that does anything except visit ends its process`(what: String) throws {
    struct Nosy: HeapTraceable {
      let heap: ProcessHeap
      let ref: HeapRef<Int>
      let what: String
      mutating func trace(_ tracer: inout HeapTracer) {
        switch what {
        case "look": _ = heap[ref]
        case "allocate": _ = try? heap.allocate(1)
        default: heap.collect()
        }
      }
    }
    let said = try saying("within a `trace`") { process in
      var nosy = Nosy(heap: process.heap, ref: try process.heap.allocate(1), what: what)
      process.collect(keeping: &nosy)
    }
    #expect(said.contains("within a `trace`"), "\(said)")
  }
}

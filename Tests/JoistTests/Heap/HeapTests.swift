// SPDX-License-Identifier: Apache-2.0
//
// Values and arrays on a private heap, and the heap's memory and limit.

import Joist
import TestSupport
import Testing

/// Runs `body` in a process of its own and returns its result.
func inProcess<Result: Sendable>(
  schedulers: Int = 1,
  options: SpawnOptions = .init(),
  _ body: @escaping @Sendable (ProcessContext<Never>) throws -> Result
) throws -> Result {
  let log = Log<Result>()
  let reason = try end(schedulers: schedulers, options: options) { process in log.add(try body(process)) }
  return try #require(log.entries.first, "\(reason)")
}

/// A node of a linked list.
struct Link: BitwiseCopyable, HeapTraceable {
  var number: Int
  var next: HeapRef<Link>?

  mutating func trace(_ tracer: inout HeapTracer) { tracer.visit(&next) }
}

extension ProcessHeap {
  /// Makes a list of `numbers` in their order, and returns its first node.
  func list(_ numbers: some BidirectionalCollection<Int>) throws -> HeapRef<Link>? {
    var first: HeapRef<Link>?
    for number in numbers.reversed() { first = try allocate(Link(number: number, next: first)) }
    return first
  }

  /// Returns the numbers of a list in order.
  func numbers(_ first: HeapRef<Link>?) -> [Int] {
    var numbers: [Int] = []
    var next = first
    while let link = next {
      numbers.append(self[link].number)
      next = self[link].next
    }
    return numbers
  }
}

@Suite struct HeapTests {
  @Test func `P4: references are eight bytes, optional or not`() {
    #expect(MemoryLayout<HeapRef<Link>>.size == 8 && MemoryLayout<HeapRef<Link>?>.size == 8)
    #expect(MemoryLayout<HeapArray<UInt8>>.size == 8 && MemoryLayout<HeapArray<UInt8>?>.size == 8)
    #expect(MemoryLayout<Link>.size == 16)
  }

  @Test func `P4: a heap has no memory before its first value, then 512 bytes, and grows by doubling`() throws {
    let sizes = try inProcess { process in
      var sizes = [process.heap.statistics.heldBytes]
      for _ in 0..<10_000 {
        _ = try process.heap.allocate(Link(number: 1))
        let held = process.heap.statistics.heldBytes
        if held != sizes.last { sizes.append(held) }
      }
      return sizes
    }
    #expect(sizes == [0] + (0..<10).map { 512 << $0 })
  }

  @Test func `P4: values of any size and alignment keep what was stored in them`() throws {
    let isRight = try inProcess { process in
      let heap = process.heap
      let (byte, wide) = (try heap.allocate(UInt8(7)), try heap.allocate(SIMD4<Float>(1, 2, 3, 4)))
      let (empty, pair) = (try heap.allocate(()), try heap.allocate((Int32(5), UInt8(6))))
      let wider = try (0..<100).map { try heap.allocate(SIMD8<Double>(repeating: Double($0))) }
      _ = try heap.list(0..<10_000)  // The heap's block moves many times.
      heap[byte] += 1
      heap[empty] = ()
      let all = wider.enumerated().allSatisfy { heap[$1] == SIMD8<Double>(repeating: Double($0)) }
      return all && heap[byte] == 8 && heap[wide] == SIMD4(1, 2, 3, 4) && heap[pair] == (5, 6)
    }
    #expect(isRight)
  }

  @Test func `P4: references are equal if they lead to the same object`() throws {
    let isRight = try inProcess { process in
      let (a, b) = (try process.heap.allocate(1), try process.heap.allocate(1))
      let text = try process.heap.allocateArray("a".utf8)
      return a == a && a != b && text == text
    }
    #expect(isRight)
  }

  @Test func `P4: arrays keep their count and their elements`() throws {
    let (text, sum, count) = try inProcess { process in
      let heap = process.heap
      let text = try heap.allocateArray("Grüße".utf8)
      let squares = try heap.allocateArray((0..<1_000).map { $0 * $0 })
      let zeros = try heap.allocateArray(repeating: 0, count: 100_000)
      let none = try heap.allocateArray([Int]())
      for index in 0..<1_000 { heap[zeros, index] = heap[squares, index] }
      heap[squares, 0] = 5
      let copy = heap.withElements(of: text) { text in text.indices.map { text[$0] } }
      return (
        String(decoding: copy, as: UTF8.self), (0..<1_000).reduce(0) { $0 + heap[zeros, $1] } + heap[squares, 0],
        heap.count(of: zeros) + heap.count(of: none)
      )
    }
    #expect(text == "Grüße" && count == 100_000)
    #expect(sum == (0..<1_000).reduce(0) { $0 + $1 * $1 } + 5)
  }

  @Test func `P4: an array's elements are lent to a closure, which may change them`() throws {
    let numbers = try inProcess { process in
      let heap = process.heap
      let numbers = try heap.allocateArray(repeating: Int32(1), count: 9)
      heap.withMutableElements(of: numbers) { numbers in
        for index in numbers.indices { numbers[index] += Int32(index) }
      }
      return (0..<9).map { heap[numbers, $0] }
    }
    #expect(numbers == Array(1...9))
  }

  @Test func `P4: over-aligned elements are aligned`() throws {
    let isRight = try inProcess { process in
      let heap = process.heap
      var all = true
      for count in 0..<20 {
        _ = try heap.allocate(count)
        // An empty value takes eight bytes, so every second array would begin between two multiples of sixteen.
        _ = try heap.allocate(())
        let array = try heap.allocateArray(repeating: SIMD2<Int>(count, 1), count: count)
        all = all && (0..<count).allSatisfy { heap[array, $0] == SIMD2(count, 1) }
        heap.withElements(of: array) { elements in
          elements.withUnsafeBufferPointer { all = all && Int(bitPattern: $0.baseAddress) % 16 == 0 }
        }
      }
      return all
    }
    #expect(isRight)
  }

  @Test func `P4: a sequence that supplies a new array's elements may read the heap`() throws {
    let numbers = try inProcess { process in
      let heap = process.heap
      let one = try heap.allocate(1)
      let array = try heap.allocateArray((0..<5).lazy.map { $0 + heap[one] })
      return (0..<5).map { heap[array, $0] }
    }
    #expect(numbers == Array(1...5))
  }

  @Test(arguments: [10_000, 40_000, 100_000, 1_000_000])
  func `P4: a process that exceeds its memory limit ends with that reason`(limit: Int) throws {
    let sizes = Log<Int>()
    let reason = try end(options: .init(memoryLimit: limit)) { process in
      let heap = process.heap
      while true {
        _ = try heap.allocate(Link(number: 1))
        sizes.add(heap.statistics.heldBytes)
      }
    }
    guard case .memoryLimit = reason else {
      Issue.record("\(reason)")
      return
    }
    let held = try #require(sizes.entries.max())
    #expect(held <= limit && held > limit / 3)
  }

  @Test func `P4: a process that swallows the memory limit's error gets it again from every call that throws`() throws {
    let seen = Log<String>()
    let reason = try end(options: .init(memoryLimit: 10_000)) { process in
      for count in [1_000_000, Int.max / 8, Int.max / 9] {
        do throws(ProcessExit) {
          _ = try process.heap.allocateArray(repeating: 0, count: count)
        } catch {
          seen.add("\(error.reason)")
        }
      }
      do throws(ProcessExit) { try process.yield() } catch { seen.add("\(error.reason)") }
    }
    guard case .memoryLimit = reason else {
      Issue.record("\(reason)")
      return
    }
    #expect(seen.entries == Array(repeating: "memory limit", count: 4))
  }

  @Test func `P4: a memory limit does not pass to the next process with the same record`() throws {
    let simulation = try HandDriven()
    let seen = Log<ExitReason>()
    for limit in [1_000, nil] {
      simulation.runtime.spawn(Down.self) { process in
        process.spawnMonitored(options: .init(memoryLimit: limit), down: { $0 }) { process in
          for _ in 0..<1_000 { _ = try process.heap.allocate(1) }
        }
        seen.add(try process.receive().reason)
      }
      simulation.run()
    }
    #expect(seen.entries.map(\.description) == ["memory limit", "normal"])
  }

  @Test func `I2: a memory limit of zero is refused`() throws {
    let runtime = try ProcessRuntime(.init(schedulers: 1))
    defer { runtime.shutdown() }
    #expect(throws: SpawnError.self) {
      try runtime.trySpawn(Int.self, options: .init(memoryLimit: 0)) { _ in }
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// Examples of private heaps. The macro needs the trait `Macros`.

import Joist

#if Macros
  import JoistMacros

  @HeapTraceable
  struct Tree: BitwiseCopyable {
    var left, right: HeapRef<Tree>?
    var value: Int
  }

  @HeapTraceable
  enum Shape: BitwiseCopyable {
    case point
    case line(from: HeapRef<Tree>, to: HeapRef<Tree>)
  }
#endif

struct Node: BitwiseCopyable, HeapTraceable {
  var left, right: HeapRef<Node>?
  var value: Int

  mutating func trace(_ tracer: inout HeapTracer) {
    tracer.visit(&left)
    tracer.visit(&right)
  }
}

extension Snippets {
  static func heap(_ runtime: ProcessRuntime) {
    runtime.spawn { process in
      let heap = process.heap
      var root = try heap.allocate(Node(value: 1))
      for number in 2...100_000 {
        root = try heap.allocate(Node(left: root, value: number))
        if number % 1_000 == 0 { heap[root].left = nil }
        heap.collectIfNeeded(keeping: &root)
      }
      print(heap[root].value)  // prints 100000
    }
  }

  static func heapArrays(_ runtime: ProcessRuntime) {
    runtime.spawn { process in
      let heap = process.heap
      let text = try heap.allocateArray("heap".utf8)
      let zeros = try heap.allocateArray(repeating: 0, count: 3)
      heap[zeros, 1] = 5
      let sum = heap.withElements(of: zeros) { span in
        var sum = 0
        for index in span.indices { sum += span[index] }
        return sum
      }
      print(heap.count(of: text), sum)  // prints 4 5
    }
  }

  static func heapCopies(_ runtime: ProcessRuntime) {
    let receiver = runtime.spawn(HeapCopy<HeapRef<Node>>.self) { process in
      let copy = try process.receive()
      let root = try process.heap.adopt(copy)
      process.heap[root].value += 1
      print("adopted", process.heap[root].value)  // prints adopted 8
    }
    runtime.spawn { process in
      let root = try process.heap.allocate(Node(value: 7))
      try receiver.send(copying: root, from: process.heap)
    }
  }

  static func heapStates(_ runtime: ProcessRuntime) {
    struct Index: HeapTraceable {
      var nodes: [String: HeapRef<Node>] = [:]

      mutating func trace(_ tracer: inout HeapTracer) { tracer.visit(&nodes) }
    }

    runtime.spawn(String.self) { process in
      var index = Index()
      for word in ["a", "b", "a"] {
        if let node = index.nodes[word] {
          process.heap[node].value += 1
        } else {
          index.nodes[word] = try process.heap.allocate(Node(value: 1))
        }
        process.collect(keeping: &index)
      }
      let counts = index.nodes.mapValues { process.heap[$0].value }
      print(counts["a"] ?? 0, counts["b"] ?? 0)  // prints 2 1
    }
  }

  #if Macros
    static func macro(_ runtime: ProcessRuntime) {
      runtime.spawn { process in
        let heap = process.heap
        let leaf = try heap.allocate(Tree(value: 1))
        var root = try heap.allocate(Tree(left: leaf, value: 2))
        heap.collect(keeping: &root)
        print(heap[root].left.map { heap[$0].value } ?? 0)  // prints 1
      }
    }
  #endif
}

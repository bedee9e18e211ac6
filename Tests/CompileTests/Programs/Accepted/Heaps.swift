// SPDX-License-Identifier: Apache-2.0
//
// Trees on a process's heap are kept, collected and sent.

import Joist

struct Leaf: BitwiseCopyable, HeapTraceable {
  var left: HeapRef<Leaf>?
  var right: HeapRef<Leaf>?
  var value: Int

  mutating func trace(_ tracer: inout HeapTracer) {
    tracer.visit(&left)
    tracer.visit(&right)
  }
}

enum Mail {
  case tree(HeapCopy<HeapRef<Leaf>>)
  case stop
}

func trees(_ process: ProcessContext<Never>) throws {
  let left = try process.heap.allocate(Leaf(value: 1))
  let root = try process.heap.allocate(Leaf(left: left, value: 2))
  process.heap[root].value += process.heap[left].value
}

func forest(_ process: ProcessContext<Mail>, _ other: ProcessRef<Mail>) throws {
  let heap = process.heap
  var roots: [HeapRef<Leaf>] = []
  while case .tree(let copy) = try process.receive() {
    roots.append(try heap.adopt(copy))
    heap.collectIfNeeded(keeping: &roots)
    try other.send(copying: roots[0], from: heap) { .tree($0) }
  }
}

func texts(_ process: ProcessContext<HeapCopy<HeapArray<UInt8>>>) throws {
  let heap = process.heap
  var text = try heap.allocateArray("text".utf8)
  let length = heap.withElements(of: text) { bytes in bytes.count }
  heap[text, 0] = UInt8(length)
  process.collect(keeping: &text)
  try process.ref.send(copying: text, from: heap)
}

func onlyExit(_ process: ProcessContext<Never>) throws(ProcessExit) {
  _ = try process.heap.allocateArray(repeating: 0, count: 10)
}

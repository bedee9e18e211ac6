// SPDX-License-Identifier: Apache-2.0
//
// Random graphs on a heap, compared with the same graphs as plain values.

import Joist
import TestSupport
import Testing

/// A node of a graph: two references, an array of references, and bytes.
private struct Thing: BitwiseCopyable, HeapTraceable {
  var id: Int
  var left, right: HeapRef<Thing>?
  var parts: HeapArray<HeapRef<Thing>?>?
  var bytes: HeapArray<UInt8>?

  mutating func trace(_ tracer: inout HeapTracer) {
    tracer.visit(&left)
    tracer.visit(&right)
    tracer.visit(&parts)
    tracer.visit(&bytes)
  }
}

/// An over-aligned object, which shifts the objects behind it.
private struct WideThing: BitwiseCopyable, HeapTraceable {
  var lanes: SIMD2<Int>
  var thing: HeapRef<Thing>?

  mutating func trace(_ tracer: inout HeapTracer) { tracer.visit(&thing) }
}

/// The model of a ``Thing`` without a heap, which refers to other things by number.
private struct ModelThing {
  var left, right: Int?
  var parts: [Int?]?
  var bytes: [UInt8]?
}

private struct Graphs {
  let heap: ProcessHeap
  var chance: SplitMix64
  var roots: [HeapRef<Thing>?]
  var wide: HeapRef<WideThing>?
  var modelRoots: [Int?]
  var modelWide: (SIMD2<Int>, Int?)?
  var model: [ModelThing] = []

  init(_ heap: ProcessHeap, seed: UInt64) {
    self.heap = heap
    chance = SplitMix64(seed: seed)
    roots = Array(repeating: nil, count: 8)
    modelRoots = Array(repeating: nil, count: 8)
  }

  mutating func draw(_ count: Int) -> Int { Int(chance.next() % UInt64(count)) }

  /// Returns a random thing and its number, found from a root along a few references.
  mutating func pick() -> (HeapRef<Thing>, Int)? {
    let root = draw(roots.count)
    guard var ref = roots[root], var id = modelRoots[root] else { return nil }
    for _ in 0..<draw(6) {
      switch draw(3) {
      case 0: if let next = heap[ref].left { (ref, id) = (next, model[id].left!) }
      case 1: if let next = heap[ref].right { (ref, id) = (next, model[id].right!) }
      default:
        guard let parts = heap[ref].parts, heap.count(of: parts) > 0 else { continue }
        let index = draw(heap.count(of: parts))
        if let next = heap[parts, index] { (ref, id) = (next, model[id].parts![index]!) }
      }
    }
    return (ref, id)
  }

  mutating func allocate() throws {
    var thing = Thing(id: model.count)
    var modelThing = ModelThing()
    if let (ref, id) = pick() { (thing.left, modelThing.left) = (ref, id) }
    if let (ref, id) = pick() { (thing.right, modelThing.right) = (ref, id) }
    if draw(3) == 0 {
      var (refs, ids): ([HeapRef<Thing>?], [Int?]) = ([], [])
      for _ in 0..<draw(20) {
        let picked = pick()
        refs.append(picked?.0)
        ids.append(picked?.1)
      }
      (thing.parts, modelThing.parts) = (try heap.allocateArray(refs), ids)
    }
    if draw(3) == 0 {
      let bytes = (0..<draw(100)).map { UInt8(truncatingIfNeeded: $0 ^ thing.id) }
      (thing.bytes, modelThing.bytes) = (try heap.allocateArray(bytes), bytes)
    }
    let root = draw(roots.count)
    roots[root] = try heap.allocate(thing)
    modelRoots[root] = thing.id
    model.append(modelThing)
    if draw(10) == 0 {
      let lanes = SIMD2(thing.id, -1)
      wide = try heap.allocate(WideThing(lanes: lanes, thing: thing.left))
      modelWide = (lanes, modelThing.left)
    }
  }

  mutating func write() throws {
    guard let (target, id) = pick(), let (ref, other) = pick() else { return }
    switch draw(3) {
    case 0:
      heap[target].left = ref
      model[id].left = other
    case 1:
      heap[target].right = draw(2) == 0 ? nil : ref
      model[id].right = heap[target].right == nil ? nil : other
    default:
      guard let parts = heap[target].parts, heap.count(of: parts) > 0 else { return }
      let index = draw(heap.count(of: parts))
      heap[parts, index] = ref
      model[id].parts![index] = other
    }
  }

  mutating func collect(fully: Bool) {
    heap.collect(keeping: &roots, &wide, fully: fully)
  }

  /// Returns whether heap and model are equal, with exactly one object for each number.
  func agrees() -> Bool {
    var known: [Int: HeapRef<Thing>] = [:]
    var open: [(HeapRef<Thing>?, Int?)] = Array(zip(roots, modelRoots))
    if let wide, let modelWide {
      guard heap[wide].lanes == modelWide.0 else { return false }
      open.append((heap[wide].thing, modelWide.1))
    }
    while let (ref, id) = open.popLast() {
      guard let ref, let id else {
        if ref == nil && id == nil { continue }
        return false
      }
      if let seen = known[id] {
        if seen != ref { return false }
        continue
      }
      known[id] = ref
      let (thing, wanted) = (heap[ref], model[id])
      guard thing.id == id else { return false }
      open.append((thing.left, wanted.left))
      open.append((thing.right, wanted.right))
      let bytes = thing.bytes.map { bytes in heap.withElements(of: bytes) { all in all.indices.map { all[$0] } } }
      guard bytes == wanted.bytes, (thing.parts == nil) == (wanted.parts == nil) else { return false }
      guard let parts = thing.parts, let ids = wanted.parts else { continue }
      guard heap.count(of: parts) == ids.count else { return false }
      for (index, id) in ids.enumerated() { open.append((heap[parts, index], id)) }
    }
    return true
  }
}

@Suite struct HeapModelTests {
  @Test(arguments: 1...UInt64(many(40)))
  func `P4: random graphs on the heap equal their models as plain values after all collections`(seed: UInt64) throws {
    let wrong = try inProcess { process in
      var graphs = Graphs(process.heap, seed: seed)
      for turn in 0..<3_000 {
        switch graphs.draw(100) {
        case 0..<40: try graphs.allocate()
        case 40..<80: try graphs.write()
        case 80..<90:
          let root = graphs.draw(graphs.roots.count)
          graphs.roots[root] = nil
          graphs.modelRoots[root] = nil
        case 90: graphs.collect(fully: true)
        default: graphs.collect(fully: false)
        }
        if graphs.draw(20) == 0 && !graphs.agrees() { return turn }
      }
      return graphs.agrees() ? -1 : 3_000
    }
    #expect(wrong == -1, "seed \(seed)")
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// The tracer: it follows references in a collection, in a copy that is sent, and in a copy that is adopted.
// HC1. The first visit of an object copies it; from then on its header leads to the copy (HB1). Copies are traced in
//      the order in which they were made, so that no depth of a graph needs any stack (C. J. Cheney, "A Nonrecursive
//      List Compacting Algorithm", 1970).
// HC3. While a tracer runs, the heap's spaces are empty for all other code, so a `trace` that accesses the heap traps.
// HC4. What a `trace` visits is not trusted: the reference's number must have been given out, and an object must lie
//      there within the space. So a wrong `trace` traps, or damages only its own heap.
// HC5. Copies have consecutive numbers, though not always one block: as long as no block holds all copies, they are
//      made in several.

/// The visitor that a type's `trace` passes its references to.
public struct HeapTracer: ~Copyable {
  /// The purpose of a tracer.
  enum Purpose {
    /// Live young objects become old.
    case young
    /// All live objects move to a new old space.
    case all
    /// All live objects are copied, and the originals stay.
    case copy
    /// References in a copy become references of the receiver.
    case adopt
  }

  let heap: Handle<PrivateHeap>
  let purpose: Purpose
  /// The spaces that references may lead into: the used part of the heap's spaces when the tracer began.
  let young: HeapSpace
  let old: HeapSpace
  let layouts: HeapLayoutTable
  /// The address of the next copy, the end of its block, and the offset from an address's bits to the reference's bits.
  var to: UInt
  var toEnd: UInt
  var shift: UInt
  /// The bits of a reference to the first copy.
  let firstCopy: UInt
  /// The next copy to trace, and the block in the heap's list that it is in; nil for the block that came first.
  var scan: UInt
  var scanned: Handle<HeapChunk>?
  /// The end of the copies in the first block, if there are more blocks.
  var firstEnd: UInt = 0
  /// The number of references visited.
  var visits = 0
  /// Whether there was no memory for a copy.
  var hasFailed = false

  /// Makes a tracer for a heap, as the heap is now.
  ///
  /// Copies go to `to`, up to `end`; `first` is the reference to the first of them.
  init(_ heap: Handle<PrivateHeap>, _ purpose: Purpose, to: UInt, end: UInt, first: UInt) {
    let young = heap.it.young.prefix(heap.youngUsed)
    let old = heap.it.old.prefix(heap.oldUsed)
    self.init(heap, purpose, young: young, old: old, to: to, end: end, first: first)
  }

  init(
    _ heap: Handle<PrivateHeap>,
    _ purpose: Purpose,
    young: HeapSpace,
    old: HeapSpace,
    to: UInt,
    end: UInt,
    first: UInt
  ) {
    self.heap = heap
    self.purpose = purpose
    self.young = young
    self.old = old
    layouts = HeapLayoutTable.shared
    self.to = to
    toEnd = end
    shift = first &- HeapSpace.span(ofBytes: to)
    firstCopy = purpose == .adopt ? old.first &+ first : first
    scan = to
  }
}

extension HeapTracer {
  /// Visits a reference, and updates it if its object moves.
  @inlinable @inline(__always)
  public mutating func visit<Pointee>(_ ref: inout HeapRef<Pointee>) { ref = HeapRef(bits: moved(ref.bits)) }

  /// Visits a reference to an array, and updates it if the array moves.
  @inlinable @inline(__always)
  public mutating func visit<Element>(_ array: inout HeapArray<Element>) { array = HeapArray(bits: moved(array.bits)) }

  /// Visits all references in a value.
  @inlinable @inline(__always)
  public mutating func visit<Value: HeapTraceable>(_ value: inout Value) { value.trace(&self) }
}

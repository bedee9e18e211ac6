// SPDX-License-Identifier: Apache-2.0
//
// What goes through references: in a collection, in a copy that is sent, and in one that is taken in.
// HC1. An object is copied at its first visit; its header leads to the copy from then on (HB1). Copies are traced in
//      the order in which they were made, so that no depth of a graph needs any stack (C. J. Cheney, "A Nonrecursive
//      List Compacting Algorithm", 1970).
// HC3. Meanwhile the heap's spaces are empty for everybody else: a `trace` that looks into it is stopped.
// HC4. What a `trace` visits is not believed: its number must be one that was given, and what lies there an object
//      within the space. So one that lies is stopped, or damages its own heap at most.
// HC5. Copies lie behind each other by their numbers, though not in one block while there is none that holds them all.

/// Goes through references: what a type's `trace` is given.
public struct HeapTracer: ~Copyable {
  /// What it is for.
  enum Purpose {
    /// Young objects that are wanted become old.
    case young
    /// All objects that are wanted move to a new old space.
    case all
    /// All objects that are wanted are copied, and stay.
    case copy
    /// References in a copy become the receiver's.
    case adopt
  }

  let heap: Handle<PrivateHeap>
  let purpose: Purpose
  /// Where references may lead: the spaces as they were when it began, only what was used of them.
  let young: HeapSpace
  let old: HeapSpace
  let layouts: HeapLayoutTable
  /// Where the next copy goes, where its block ends, and by what the bits of its address are raised to be its number's.
  var to: UInt
  var toEnd: UInt
  var shift: UInt
  /// The bits of a reference to the first copy.
  let firstCopy: UInt
  /// The next copy to be traced, and the block of the heap's list that it is in; nil for the one that came first.
  var scan: UInt
  var scanned: Handle<HeapChunk>?
  /// Where that first block's copies end, when there are more.
  var firstEnd: UInt = 0
  /// References that were visited.
  var visits = 0
  /// There was no memory for a copy.
  var hasFailed = false

  /// For a heap, as it is now.
  ///
  /// Copies go to `to`, up to `end`, and `first` is the reference to the first of them.
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
  /// Visits a reference, which may change.
  @inlinable @inline(__always)
  public mutating func visit<Pointee>(_ ref: inout HeapRef<Pointee>) { ref = HeapRef(bits: moved(ref.bits)) }

  /// Visits a reference to an array, which may change.
  @inlinable @inline(__always)
  public mutating func visit<Element>(_ array: inout HeapArray<Element>) { array = HeapArray(bits: moved(array.bits)) }

  /// Visits all references in a value.
  @inlinable @inline(__always)
  public mutating func visit<Value: HeapTraceable>(_ value: inout Value) { value.trace(&self) }
}

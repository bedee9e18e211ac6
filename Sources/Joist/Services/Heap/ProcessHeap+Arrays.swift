// SPDX-License-Identifier: Apache-2.0
//
// The public interface to arrays on private heaps.

extension ProcessHeap {
  /// Puts an array of equal elements on the heap.
  ///
  /// Throws as `allocate` does. Traps if the count is negative.
  @inlinable
  public func allocateArray<Element: BitwiseCopyable>(
    repeating element: Element,
    count: Int
  ) throws(ProcessExit) -> HeapArray<Element> {
    try makeArray(count) { _ in element }
  }

  /// Puts the elements of a collection on the heap; for text, pass `"…".utf8`.
  ///
  /// Throws as `allocate` does.
  @inlinable
  public func allocateArray<Elements: Collection>(
    _ elements: Elements
  ) throws(ProcessExit) -> HeapArray<Elements.Element> where Elements.Element: BitwiseCopyable {
    var index = elements.startIndex
    return try makeArray(elements.count) { _ in
      defer { elements.formIndex(after: &index) }
      return elements[index]
    }
  }

  @inlinable @inline(__always)
  func makeArray<Element: BitwiseCopyable>(
    _ count: Int,
    _ element: (Int) -> Element
  ) throws(ProcessExit) -> HeapArray<Element> {
    let object = try heap.makeRoom(for: Element.self, count: count)
    let start = object &+ HeapHeader.arrayBytes
    let bytes = UInt(bitPattern: count) &* UInt(bitPattern: MemoryLayout<Element>.stride)
    heap.it.top = start &+ HeapHeader.inWords(bytes)
    Handle<UInt>(address: object).it = HeapHeader(key: HeapLayout.arrayKey(Element.self)).bits
    Handle<Int>(address: object &+ HeapHeader.bytes).it = count
    // The closure is the caller's code, and may try to allocate.
    heap.pin()
    defer { heap.unpin() }
    let first = Handle<Element>(address: start)
    for index in 0..<count { first.advanced(by: index).it = element(index) }
    return HeapArray(bits: heap.it.young.bits(of: object))
  }
}

extension ProcessHeap {
  /// Returns the number of elements of an array.
  @inlinable
  public func count<Element>(of array: HeapArray<Element>) -> Int {
    Handle<Int>(address: heap.address(of: array.bits) &+ HeapHeader.bytes).it
  }

  /// Accesses an element of an array.
  ///
  /// An index out of range or a stale reference traps and ends the process.
  @inlinable
  public subscript<Element>(_ array: HeapArray<Element>, _ index: Int) -> Element {
    @inline(__always) get { heap.element(index, of: Element.self, at: heap.address(of: array.bits)).it }
    @inline(__always) nonmutating set {
      let object = heap.address(of: array.bits)
      heap.element(index, of: Element.self, at: object).it = newValue
      heap.note(writtenTo: object, array.bits)
    }
  }

  // Sound: the elements stay in place while the heap is pinned (PH2). The same holds below.
  /// Lends the elements of an array to a closure.
  ///
  /// Allocating or collecting within the closure traps, because the elements would move.
  @inlinable
  public func withElements<Element, Result: ~Copyable, Failure: Error>(
    of array: HeapArray<Element>,
    _ body: (Span<Element>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let object = heap.address(of: array.bits)
    heap.pin()
    defer { heap.unpin() }
    return try unsafe body(heap.elements(of: Element.self, at: object).span)
  }

  // Sound: as above.
  /// Lends the elements of an array to a closure that may change them.
  ///
  /// Allocating or collecting within the closure traps, because the elements would move.
  @inlinable
  public func withMutableElements<Element, Result: ~Copyable, Failure: Error>(
    of array: HeapArray<Element>,
    _ body: (inout MutableSpan<Element>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let object = heap.address(of: array.bits)
    heap.note(writtenTo: object, array.bits)
    heap.pin()
    defer { heap.unpin() }
    var elements = unsafe heap.elements(of: Element.self, at: object).mutableSpan
    return try body(&elements)
  }
}

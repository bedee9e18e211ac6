// SPDX-License-Identifier: Apache-2.0
//
// The elements of an array, given the array's address; and pinning, so that the array keeps this address for a while
// (PH2).

extension Handle<PrivateHeap> {
  /// Returns the element at an index; traps if the index is out of range.
  @inlinable @inline(__always)
  func element<Element>(_ index: Int, of type: Element.Type, at object: UInt) -> Handle<Element> {
    let count = Handle<UInt>(address: object &+ HeapHeader.bytes).it
    guard UInt(bitPattern: index) < count else { refuse(index, count) }
    return Handle<Element>(address: object &+ HeapHeader.arrayBytes).advanced(by: index)
  }

  // Sound: the array stays at its address as long as the heap is pinned.
  /// Returns all elements of an array.
  @inlinable @inline(__always)
  func elements<Element>(of type: Element.Type, at object: UInt) -> UnsafeMutableBufferPointer<Element> {
    let count = Handle<Int>(address: object &+ HeapHeader.bytes).it
    let first = Handle<Element>(address: object &+ HeapHeader.arrayBytes)
    return unsafe UnsafeMutableBufferPointer(start: first.pointer, count: count)
  }

  /// Keeps all objects in place until `unpin`, by leaving no room for an allocation.
  @usableFromInline
  func pin() {
    _ = willTouch("used")
    if it.pins == 0 {
      it.pinnedEnd = it.end
      it.end = it.top
    }
    it.pins += 1
  }

  /// Reverts one `pin`.
  @usableFromInline
  func unpin() {
    it.pins -= 1
    if it.pins == 0 { it.end = it.pinnedEnd }
  }

  @usableFromInline @inline(never)
  func refuse(_ index: Int, _ count: UInt) -> Never {
    fatalError("Joist: index \(index) is out of range in an array of \(count) on a heap")
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// Elements of an array, by the address of the array; and pinning, so that it keeps that address for a while (PH2).

extension Handle<PrivateHeap> {
  /// Where an element is.
  @inlinable @inline(__always)
  func element<Element>(_ index: Int, of type: Element.Type, at object: UInt) -> Handle<Element> {
    let count = Handle<UInt>(address: object &+ HeapHeader.bytes).it
    guard UInt(bitPattern: index) < count else { refuse(index, count) }
    return Handle<Element>(address: object &+ HeapHeader.arrayBytes).advanced(by: index)
  }

  // Sound: the array is there as long as the heap is pinned.
  /// All of them.
  @inlinable @inline(__always)
  func elements<Element>(of type: Element.Type, at object: UInt) -> UnsafeMutableBufferPointer<Element> {
    let count = Handle<Int>(address: object &+ HeapHeader.bytes).it
    let first = Handle<Element>(address: object &+ HeapHeader.arrayBytes)
    return unsafe UnsafeMutableBufferPointer(start: first.pointer, count: count)
  }

  /// Nothing moves until `unpin`: there is no room for anything.
  @usableFromInline
  func pin() {
    _ = willTouch("used")
    if it.pins == 0 {
      it.pinnedEnd = it.end
      it.end = it.top
    }
    it.pins += 1
  }

  /// Takes one `pin` back.
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

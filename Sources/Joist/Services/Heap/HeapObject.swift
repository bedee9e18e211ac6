// SPDX-License-Identifier: Apache-2.0
//
// The contents of a space: objects, one behind the other. An object is a one-word header and the value; an array is the
// header, the count, and the elements. A zero word is padding that aligns the next object.
// HB1. A header is the type's key (HL1) and two flags. While the object is being copied it is the bits of the reference
//      to its copy, with `forwarded` set.

/// An object, identified by its address.
struct HeapObject {
  let address: UInt

  init(_ address: UInt) { self.address = address }

  @inline(__always)
  var header: HeapHeader {
    get { HeapHeader(bits: Handle<UInt>(address: address).it) }
    nonmutating set { Handle<UInt>(address: address).it = newValue.bits }
  }

  /// Returns the object's value, or its elements if it is an array; and the object's end.
  ///
  /// Returns nil if they are not within the limit, which happens only if the address is not that of an object.
  @inline(__always)
  func contents(_ layout: Handle<HeapLayout>, within limit: UInt) -> (elements: HeapElements, end: UInt)? {
    guard layout.it.isArray else {
      let end = address &+ HeapHeader.bytes &+ layout.it.unit
      return end <= limit ? (HeapElements(address: address &+ HeapHeader.bytes, count: 1), end) : nil
    }
    guard limit &- address >= HeapHeader.arrayBytes else { return nil }
    let count = Handle<UInt>(address: address &+ HeapHeader.bytes).it
    let (bytes, isTooLarge) = count.multipliedReportingOverflow(by: layout.it.unit)
    let start = address &+ HeapHeader.arrayBytes
    guard !isTooLarge, bytes <= limit &- start else { return nil }
    return (HeapElements(address: start, count: Int(bitPattern: count)), start &+ HeapHeader.inWords(bytes))
  }
}

/// The first word of an object (HB1).
@usableFromInline
struct HeapHeader {
  @usableFromInline let bits: UInt

  @inlinable
  init(bits: UInt) { self.bits = bits }

  /// Makes the header of a new object with that key, which need not be recorded when it is written (HC2).
  @inlinable @inline(__always)
  init(key: UInt) { bits = key &+ Self.logged }

  /// Makes the header of an object that was copied.
  init(forwardedTo copy: UInt) { bits = copy | Self.forwarded }

  /// The number of bytes before a value, and before the elements of an array.
  @inlinable static var bytes: UInt { 8 }
  @inlinable static var arrayBytes: UInt { 16 }

  /// The flag of an object that was copied: the other bits are the reference to the copy.
  static var forwarded: UInt { 1 }
  /// The flag of an object that is young, has no references, or is in the remembered set (HC2).
  @inlinable static var logged: UInt { 2 }

  /// The key of the type.
  var key: UInt { bits & ~7 }
  var isForwarded: Bool { bits & Self.forwarded != 0 }
  /// The bits of the reference to the copy.
  var copyBits: UInt { bits & ~Self.forwarded }

  /// Rounds a number of bytes up to whole words.
  @inlinable @inline(__always)
  static func inWords(_ bytes: UInt) -> UInt { (bytes &+ 7) & ~7 }
}

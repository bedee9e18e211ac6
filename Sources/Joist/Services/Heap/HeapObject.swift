// SPDX-License-Identifier: Apache-2.0
//
// What lies in a space, one object behind the other: a header of a word, and the value; of an array the header, the
// count, and the elements. A word of zero is only there so that the next object is aligned.
// HB1. A header is the type's key (HL1), and two flags; or, while the object is being copied, the bits of the reference
//      to its copy, with `forwarded` set.

/// An object, by its address.
struct HeapObject {
  let address: UInt

  init(_ address: UInt) { self.address = address }

  @inline(__always)
  var header: HeapHeader {
    get { HeapHeader(bits: Handle<UInt>(address: address).it) }
    nonmutating set { Handle<UInt>(address: address).it = newValue.bits }
  }

  /// Its elements, if it is an array, or its value; and where it ends.
  ///
  /// Nil if that is not within the limit, which only happens to what is no object.
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

  /// Of an object of a type with that key that nobody needs to note when it is written (HC2).
  @inlinable @inline(__always)
  init(key: UInt) { bits = key &+ Self.logged }

  /// Of one that was copied.
  init(forwardedTo copy: UInt) { bits = copy | Self.forwarded }

  /// Bytes before a value, and before the elements of an array.
  @inlinable static var bytes: UInt { 8 }
  @inlinable static var arrayBytes: UInt { 16 }

  /// The object has been copied: the rest is the reference to the copy.
  static var forwarded: UInt { 1 }
  /// The object is young, or has no references, or is remembered (HC2).
  @inlinable static var logged: UInt { 2 }

  /// The type's.
  var key: UInt { bits & ~7 }
  var isForwarded: Bool { bits & Self.forwarded != 0 }
  /// The reference to the copy.
  var copyBits: UInt { bits & ~Self.forwarded }

  /// So many bytes in whole words.
  @inlinable @inline(__always)
  static func inWords(_ bytes: UInt) -> UInt { (bytes &+ 7) & ~7 }
}

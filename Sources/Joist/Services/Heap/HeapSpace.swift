// SPDX-License-Identifier: Apache-2.0
//
// The two spaces of a heap, each one block of memory: the young space holds what was allocated since the last
// collection, the old space what has survived a collection. References are numbers in a space.
// HN1. A number counts words of eight bytes. Shifted left by one, with the space in the lowest bit, it is a reference.
//      A space's block begins with number `first`, and a subtraction finds where a reference leads.
// HN3. When a space begins in a range of numbers, at most half of the range is used up, so a block may grow to half a
//      range.
//
// No number is used twice in the life of the program: each heap takes ranges of numbers that no other heap has, and a
// space that is emptied continues behind the numbers that it has used. So one comparison tells whether a reference is
// valid, and a stale reference never leads to another object.

import Synchronization

/// The numbers and the memory of a space.
@usableFromInline
package struct HeapSpace {
  /// The bits of a reference to the first word of the space.
  @usableFromInline var first: UInt
  /// The size of the block in reference bits: the limit of the difference between a reference and `first`.
  @usableFromInline var span: UInt = 0
  /// The address of the block.
  @usableFromInline var base: UInt = 0

  /// The lowest bit of a reference, which is set for the young space.
  @inlinable static var youngBit: UInt { 1 }

  /// Makes a space without memory, at the beginning of a new range.
  init(isYoung: Bool) { first = HeapNumbers.draw() | (isYoung ? Self.youngBit : 0) }

  /// Makes a space of numbers without memory.
  init(first: UInt, bytes: UInt) {
    self.first = first
    span = HeapSpace.span(ofBytes: bytes)
  }

  /// Returns the number of reference bits for a number of bytes.
  @inlinable @inline(__always)
  static func span(ofBytes bytes: UInt) -> UInt { bytes >> 2 }

  /// Returns the number of bytes for a number of reference bits.
  @inlinable @inline(__always)
  static func bytes(ofSpan span: UInt) -> UInt { span << 2 }

  /// Returns the bits of a reference to the object at an address.
  @inlinable @inline(__always)
  func bits(of address: UInt) -> UInt { first &+ Self.span(ofBytes: address &- base) }

  /// Returns the part of the space with only its first `bytes` bytes.
  func prefix(_ bytes: UInt) -> HeapSpace {
    var part = self
    part.span = Self.span(ofBytes: bytes)
    return part
  }

  /// Changes the space's block.
  mutating func takeBlock(_ block: HeapBlock) {
    base = block.address
    span = Self.span(ofBytes: UInt(block.bytes))
  }

  /// Makes the references to the first `used` bytes stale, by continuing behind their numbers.
  mutating func renumber(past used: UInt) {
    first &+= Self.span(ofBytes: used)
    guard first & (HeapNumbers.rangeBits - 1) > HeapNumbers.rangeBits / 2 else { return }  // (HN3)
    first = HeapNumbers.draw() | first & Self.youngBit
  }
}

/// The source of the number ranges of all heaps.
enum HeapNumbers {
  /// The reference bits of a range, which covers 32 GiB.
  static let rangeBits: UInt = 1 << 33
  // Ordering: relaxed; it only has to give out each range once.
  private static let drawn = Atomic<UInt>(0)

  /// Takes a range that no heap has had, and returns its first bits.
  ///
  /// The highest bit is set, so that references do not look like numbers that a program uses.
  static func draw() -> UInt {
    let number = drawn.wrappingAdd(1, ordering: .relaxed).oldValue
    // A heap takes two ranges in its life, and one more for each 16 GiB that it allocates.
    guard number < 1 << 30 else { stopTheProgram("Joist: all reference numbers of private heaps are used up") }
    return 1 << 63 | number << 33
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// A heap has two spaces, each one block of memory: what was allocated since the last collection is in the young one,
// what has survived one in the old one. References are numbers in a space.
// HN1. A number counts words of eight bytes; shifted by one, with the space in the lowest bit, it is a reference.
//      A space's block begins with number `first`, and where a reference leads is found by subtraction.
// HN2. No number is used twice in the life of the program: heaps draw stretches of them that are nobody else's, and a
//      space that is emptied goes on behind what it has used. So whether a reference is good is one comparison, and a
//      stale one never leads anywhere.
// HN3. A stretch is half used up at most when a space begins in it, so a block may grow to half a stretch.

import Synchronization

/// Where a space lies: its numbers and its memory.
@usableFromInline
package struct HeapSpace {
  /// The bits of a reference to its first word.
  @usableFromInline var first: UInt
  /// How many more bits a reference may have: the block's bytes, in the same measure.
  @usableFromInline var span: UInt = 0
  /// The address of the block.
  @usableFromInline var base: UInt = 0

  /// The lowest bit of a reference: which space it is of.
  @inlinable static var youngBit: UInt { 1 }

  /// A space without memory, at the beginning of a stretch.
  init(isYoung: Bool) { first = HeapNumbers.draw() | (isYoung ? Self.youngBit : 0) }

  /// Numbers that are not in memory.
  init(first: UInt, bytes: UInt) {
    self.first = first
    span = HeapSpace.span(ofBytes: bytes)
  }

  /// The bits that so many bytes take.
  @inlinable @inline(__always)
  static func span(ofBytes bytes: UInt) -> UInt { bytes >> 2 }

  /// And the bytes of so many bits.
  @inlinable @inline(__always)
  static func bytes(ofSpan span: UInt) -> UInt { span << 2 }

  /// The bits of a reference to what lies at that address.
  @inlinable @inline(__always)
  func bits(of address: UInt) -> UInt { first &+ Self.span(ofBytes: address &- base) }

  /// Only the first so many bytes of it.
  func prefix(_ bytes: UInt) -> HeapSpace {
    var part = self
    part.span = Self.span(ofBytes: bytes)
    return part
  }

  /// It has another block now.
  mutating func takeBlock(_ block: HeapBlock) {
    base = block.address
    span = Self.span(ofBytes: UInt(block.bytes))
  }

  /// Nothing of the so many bytes that were used can be referred to any more (HN2).
  mutating func renumber(past used: UInt) {
    first &+= Self.span(ofBytes: used)
    guard first & (HeapNumbers.stretch - 1) > HeapNumbers.stretch / 2 else { return }  // (HN3)
    first = HeapNumbers.draw() | first & Self.youngBit
  }
}

/// Where heaps draw their numbers from (HN2).
enum HeapNumbers {
  /// Bits in a stretch: of 32 GiB.
  static let stretch: UInt = 1 << 33
  // Ordering: relaxed; it is only to give each number once.
  private static let drawn = Atomic<UInt>(0)

  /// The first bits of a stretch that nobody has had.
  ///
  /// The highest bit is set, so that they look like no number that a program has.
  static func draw() -> UInt {
    let number = drawn.wrappingAdd(1, ordering: .relaxed).oldValue
    // A heap draws two in its life, and one more for each 16 GiB that it allocates.
    guard number < 1 << 30 else { stopTheProgram("HN2: the numbers of heaps are used up") }
    return 1 << 63 | number << 33
  }
}

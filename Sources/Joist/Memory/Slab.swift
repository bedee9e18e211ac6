// SPDX-License-Identifier: Apache-2.0
//
// Memory for pools: cut from large pieces, so that growing costs few calls of malloc.
// SL1. A slab is given back whole, when its pool has every piece that was cut from it.

import CJoist

/// Cuts pieces from large slabs; the caller holds a lock.
// Sound: each piece is cut once, from a slab that lives until `release` or until all its pieces are back.
@unsafe
struct Slabs {
  private var place: UnsafeMutableRawPointer?
  private var left = 0
  /// So many of those left have no pages yet.
  private var withoutPages = 0
  private var all: [Slab] = []

  /// One of them, by its address.
  private struct Slab {
    let start: UInt
    /// Bytes cut from it.
    var cut = 0
  }

  /// New memory, aligned to a cache line when its size is a multiple of one.
  mutating func cut(_ bytes: Int) -> UnsafeMutableRawPointer {
    if unsafe left < bytes { unsafe grow() }
    while unsafe left - bytes < withoutPages { unsafe populate() }
    let piece = unsafe place!
    unsafe place = piece + bytes
    unsafe left -= bytes
    unsafe all[all.count - 1].cut += bytes
    return unsafe piece
  }

  // Sound: as the type.
  /// A new slab: the first one small; the pages of later ones are had many at a time, for it is page faults that cost.
  private mutating func grow() {
    let size = unsafe all.isEmpty ? Limits.firstSlabBytes : Limits.slabBytes
    let start = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: size)
    unsafe withoutPages = all.isEmpty ? 0 : size
    unsafe place = start
    unsafe left = size
    unsafe all.append(Slab(start: UInt(bitPattern: start)))
  }

  // Sound: what has no pages yet is the slab's end.
  private mutating func populate() {
    unsafe joist_populate(place! + (left - withoutPages), min(Limits.pagesAtOnceBytes, withoutPages))
    unsafe withoutPages = max(0, withoutPages - Limits.pagesAtOnceBytes)
  }

  // Sound: the slabs' own addresses.
  /// Takes out the slabs of which so much is in the caller's hands, by their starts, as was cut (SL1).
  ///
  /// The caller is to `free` them when it has forgotten the pieces. Neither the first, which is small, nor the last,
  /// which is being cut.
  mutating func takeWhole(_ whole: [UInt: Int]) -> [UInt] {
    let gone = unsafe all.dropFirst().dropLast().filter { whole[$0.start] == $0.cut }.map(\.start)
    unsafe all.removeAll { gone.contains($0.start) }
    return gone
  }

  // Sound: it was taken out, and nobody has a piece.
  /// Gives one back.
  static func free(_ start: UInt) { unsafe UnsafeMutableRawPointer(bitPattern: start)!.deallocate() }

  /// Where the slab of a piece would begin, were it not the first.
  static func start(of piece: UnsafeMutableRawPointer) -> UInt {
    UInt(bitPattern: piece) & ~UInt(Limits.slabBytes - 1)
  }

  // Sound: no piece is in use.
  /// Gives every slab back.
  mutating func release() {
    while let slab = unsafe all.popLast() { unsafe Slabs.free(slab.start) }
    unsafe self = Slabs()
  }
}

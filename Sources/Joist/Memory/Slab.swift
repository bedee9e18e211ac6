// SPDX-License-Identifier: Apache-2.0
//
// Memory for pools: cut from large pieces, so that growing costs few calls of malloc, and given back only as a whole.

import CJoist

/// Cuts pieces from large blocks; the caller holds a lock.
// Sound: each piece is cut once, from a block that lives until `release`.
@unsafe
struct Slab {
  private var place: UnsafeMutableRawPointer?
  private var left = 0
  /// So many of those left have no pages yet.
  private var withoutPages = 0
  private var blocks: [UnsafeMutableRawPointer] = unsafe []

  /// New memory, aligned to a cache line when its size is a multiple of one.
  mutating func cut(_ bytes: Int) -> UnsafeMutableRawPointer {
    if unsafe left < bytes { unsafe grow() }
    while unsafe left - bytes < withoutPages { unsafe populate() }
    let piece = unsafe place!
    unsafe place = piece + bytes
    unsafe left -= bytes
    return unsafe piece
  }

  /// A new block: the first one small; the pages of later ones are had many at a time, for it is page faults that cost.
  private mutating func grow() {
    let size = unsafe place == nil ? Limits.firstSlabBytes : Limits.slabBytes
    let block = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: size)
    unsafe withoutPages = place == nil ? 0 : size
    unsafe place = block
    unsafe left = size
    unsafe blocks.append(block)
  }

  // Sound: what has no pages yet is the block's end.
  private mutating func populate() {
    unsafe joist_populate(place! + (left - withoutPages), min(Limits.pagesAtOnceBytes, withoutPages))
    unsafe withoutPages = max(0, withoutPages - Limits.pagesAtOnceBytes)
  }

  // Sound: no piece is in use.
  /// Gives every block back.
  mutating func release() {
    while let block = unsafe blocks.popLast() { unsafe block.deallocate() }
    unsafe self = Slab()
  }
}

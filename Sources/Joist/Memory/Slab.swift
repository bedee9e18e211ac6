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
  private var blocks: [UnsafeMutableRawPointer] = unsafe []

  /// New memory, aligned to a cache line when its size is a multiple of one.
  mutating func cut(_ bytes: Int) -> UnsafeMutableRawPointer {
    if unsafe left < bytes { unsafe grow() }
    let piece = unsafe place!
    unsafe place = piece + bytes
    unsafe left -= bytes
    return unsafe piece
  }

  /// A new block: the first one small; later ones with all their pages there, for it is the page faults that cost.
  private mutating func grow() {
    let size = unsafe place == nil ? Limits.firstSlabBytes : Limits.slabBytes
    let block = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: size)
    if unsafe place != nil { unsafe joist_populate(block, size) }
    unsafe place = block
    unsafe left = size
    unsafe blocks.append(block)
  }

  // Sound: no piece is in use.
  /// Gives every block back.
  mutating func release() {
    while let block = unsafe blocks.popLast() { unsafe block.deallocate() }
    unsafe self = Slab()
  }
}

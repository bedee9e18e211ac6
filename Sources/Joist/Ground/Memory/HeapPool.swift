// SPDX-License-Identifier: Apache-2.0
//
// The pool of blocks for private heaps (`BlockPool`): powers of two up to 64 KiB. The depots are the program's, because
// blocks travel in messages.

/// The pool of blocks for heaps, and their sizes.
enum HeapPool: BlockSizes {
  static let depots = BlockDepots<HeapPool>(nodes: Limits.maxNumaNodes)

  static var classes: Int { 8 }
  static func bytes(ofClass index: Int) -> Int { Limits.minHeapBlock << index }
  /// The size of the largest class.
  static var maxBytes: Int { bytes(ofClass: classes - 1) }

  /// Returns the smallest class whose blocks have at least `bytes` bytes, which must not exceed `maxBytes`.
  static func sizeClass(of bytes: Int) -> Int {
    bytes <= Limits.minHeapBlock ? 0 : Int.bitWidth - ((bytes - 1) / Limits.minHeapBlock).leadingZeroBitCount
  }
}

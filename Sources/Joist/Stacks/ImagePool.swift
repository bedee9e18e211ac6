// SPDX-License-Identifier: Apache-2.0
//
// Memory for the frames of processes that are not mounted: size classes, each with a free list, cut from chunks.
// Classes are a cache line apart up to a kilobyte, then powers of two; what is larger than a chunk comes from malloc.

/// Under the slot table's lock.
// Sound: its blocks are raw memory of their class, in a free list or in use.
@safe
struct ImagePool {
  private var free = unsafe [UnsafeMutableRawPointer?](repeating: nil, count: ImagePool.classes)
  private var chunks: [UnsafeMutableRawPointer] = unsafe []
  /// What is left of the newest chunk.
  private var rest = 0
  /// Bytes in use, rounded up to classes.
  private(set) var bytesInUse = 0

  private static var chunkBytes: Int { 1 << 20 }
  private static var classes: Int { 16 + 10 }

  /// The class of a size: its index and its bytes.
  private static func sizeClass(_ bytes: Int) -> (index: Int, bytes: Int) {
    if bytes <= 1024 {
      let index = (max(bytes, 1) - 1) >> 6
      return (index, (index + 1) << 6)
    }
    let bits = Int.bitWidth - (bytes - 1).leadingZeroBitCount
    return (16 + bits - 11, 1 << bits)
  }

  /// Room for so many bytes.
  // Sound: a block is cut from a chunk once and is in one place: a free list or in use. A free block's first word
  // links it.
  mutating func take(_ bytes: Int) -> UnsafeMutableRawPointer {
    let (index, size) = ImagePool.sizeClass(bytes)
    bytesInUse += size
    guard size < ImagePool.chunkBytes else { return .allocate(byteCount: size, alignment: 64) }
    if let block = unsafe free[index] {
      unsafe free[index] = block.load(as: UnsafeMutableRawPointer?.self)
      return unsafe block
    }
    if rest < size {
      unsafe chunks.append(.allocate(byteCount: ImagePool.chunkBytes, alignment: 64))
      rest = ImagePool.chunkBytes
    }
    rest -= size
    return unsafe chunks.last! + rest
  }

  /// Takes room back that was taken for so many bytes.
  // Sound: as above.
  mutating func give(_ block: UnsafeMutableRawPointer, _ bytes: Int) {
    let (index, size) = ImagePool.sizeClass(bytes)
    bytesInUse -= size
    guard size < ImagePool.chunkBytes else { return unsafe block.deallocate() }
    unsafe block.storeBytes(of: free[index], as: UnsafeMutableRawPointer?.self)
    unsafe free[index] = block
  }

  /// Gives all chunks back; nothing is in use.
  // Sound: the runtime is over.
  mutating func release() {
    while let chunk = unsafe chunks.popLast() { unsafe chunk.deallocate() }
    self = ImagePool()
  }
}

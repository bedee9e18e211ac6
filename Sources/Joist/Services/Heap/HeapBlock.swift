// SPDX-License-Identifier: Apache-2.0
//
// Memory for heaps. Blocks have power-of-two sizes up to 64 KiB (`BlockPool`). A larger block is a mapping of its own,
// which grows without being copied if the system can do that. The depots belong to the program, not to a runtime,
// because blocks travel in messages.

/// A block of a heap: a block of the pool, a mapping, or empty.
struct HeapBlock {
  /// The address of the block, aligned to at least 64 bytes.
  private(set) var address: UInt = 0
  private(set) var bytes = 0

  /// Whether the block is not a mapping.
  var isPooled: Bool { bytes <= HeapPool.maxBytes }

  /// The address behind the block.
  var end: UInt { address &+ UInt(bytes) }

  /// Returns the smallest power of two that is at least `bytes`.
  static func powerOfTwo(_ bytes: Int) -> Int { bytes < 2 ? 1 : 1 << (Int.bitWidth - (bytes - 1).leadingZeroBitCount) }

  /// Returns the largest size of a block that is at most `bytes`.
  static func rounded(down bytes: Int) -> Int {
    if bytes > HeapPool.maxBytes { return bytes & ~(Limits.heapPageBytes - 1) }
    return bytes < Limits.minHeapBlock ? 0 : 1 << (Int.bitWidth - 1 - bytes.leadingZeroBitCount)
  }

  /// Rounds a size up to one that a mapping may have.
  static func pages(_ bytes: Int) -> Int { (bytes + Limits.heapPageBytes - 1) & ~(Limits.heapPageBytes - 1) }

  // Sound: the block belongs to the caller alone. The same holds in the rest of this file.
  fileprivate init(_ start: UnsafeMutableRawPointer, _ bytes: Int) {
    address = UInt(bitPattern: start)
    self.bytes = bytes
  }

  init() {}

  fileprivate var start: UnsafeMutableRawPointer { unsafe UnsafeMutableRawPointer(bitPattern: address)! }

  // Sound: as above.
  /// Frees a block that has no owner any more, on any thread.
  consuming func release(_ platform: any Platform) {
    if let scheduler = Scheduler.current { return scheduler.give(&self) }
    guard bytes > 0 else { return }
    guard isPooled else { return unsafe platform.release(start, bytes: bytes) }
    unsafe HeapPool.depots.give(start, HeapPool.sizeClass(of: bytes))
  }

  /// Copies whole words between two ranges that do not overlap.
  @inline(__always)
  static func copy(from: UInt, to: UInt, bytes: UInt) {
    guard bytes > 64 else {
      for offset in stride(from: 0, to: bytes, by: 8) {
        Handle<UInt>(address: to &+ offset).it = Handle<UInt>(address: from &+ offset).it
      }
      return
    }
    unsafe UnsafeMutableRawPointer(bitPattern: to)!
      .copyMemory(from: UnsafeRawPointer(bitPattern: from)!, byteCount: Int(bitPattern: bytes))
  }
}

extension Handle<Scheduler> {
  // Sound: as above; no other code knows a new mapping.
  /// Takes a block of at least `bytes` bytes; returns nil if there is no memory.
  func takeHeapBlock(_ bytes: Int) -> HeapBlock? {
    if bytes <= HeapPool.maxBytes {
      let sizeClass = HeapPool.sizeClass(of: bytes)
      guard let block = unsafe it.heapBlocks.take(sizeClass) else { return nil }
      return unsafe HeapBlock(block, HeapPool.bytes(ofClass: sizeClass))
    }
    guard bytes <= Limits.maxHeapBlock else { return nil }
    let bytes = HeapBlock.pages(bytes)
    guard let start = unsafe it.runtime.it.platform.reserve(bytes: bytes) else { return nil }
    return unsafe HeapBlock(start, bytes)
  }

  /// Returns the block to the pool and empties it; does nothing if it is already empty.
  func give(_ block: inout HeapBlock) {
    guard block.bytes > 0 else { return }
    if block.isPooled {
      unsafe it.heapBlocks.give(block.start, HeapPool.sizeClass(of: block.bytes))
    } else {
      unsafe it.runtime.it.platform.release(block.start, bytes: block.bytes)
    }
    block = HeapBlock()
  }

  /// Resizes a block to at least `bytes` bytes, keeping the first `used`; returns false if there is no memory.
  func resize(_ block: inout HeapBlock, to bytes: Int, keeping used: UInt) -> Bool {
    if !block.isPooled && bytes > HeapPool.maxBytes { return remap(&block, to: HeapBlock.pages(bytes), keeping: used) }
    guard var other = takeHeapBlock(bytes) else { return false }
    if used > 0 { HeapBlock.copy(from: block.address, to: other.address, bytes: used) }
    swap(&block, &other)
    give(&other)
    return true
  }

  // Sound: as above.
  private func remap(_ block: inout HeapBlock, to bytes: Int, keeping used: UInt) -> Bool {
    if bytes < block.bytes {
      unsafe it.runtime.it.platform.release(block.start + bytes, bytes: block.bytes - bytes)
      unsafe block = HeapBlock(block.start, bytes)
      return true
    }
    guard bytes <= Limits.maxHeapBlock,
      let start = unsafe it.runtime.it.platform.grow(block.start, bytes: block.bytes, to: bytes, keeping: Int(used))
    else { return false }
    unsafe block = HeapBlock(start, bytes)
    return true
  }
}

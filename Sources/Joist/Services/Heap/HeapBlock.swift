// SPDX-License-Identifier: Apache-2.0
//
// Memory for heaps: blocks (`BlockPool`) of powers of two up to 64 KiB; what is larger is a mapping of its own, which
// grows without being copied where the system can do that. The depots are the program's, for blocks travel in messages.

/// A block of a heap: of the pool, or a mapping; or none.
struct HeapBlock {
  /// Aligned to 64 bytes at least.
  private(set) var address: UInt = 0
  private(set) var bytes = 0

  /// Whether it is no mapping.
  var isPooled: Bool { bytes <= HeapPool.maxBytes }

  /// The address behind it.
  var end: UInt { address &+ UInt(bytes) }

  /// A power of two that is not less.
  static func powerOfTwo(_ bytes: Int) -> Int { bytes < 2 ? 1 : 1 << (Int.bitWidth - (bytes - 1).leadingZeroBitCount) }

  /// The largest size that a block may have and that is not more.
  static func rounded(down bytes: Int) -> Int {
    if bytes > HeapPool.maxBytes { return bytes & ~(Limits.heapPageBytes - 1) }
    return bytes < Limits.heapBlockLeast ? 0 : 1 << (Int.bitWidth - 1 - bytes.leadingZeroBitCount)
  }

  /// A size that a mapping may have.
  static func pages(_ bytes: Int) -> Int { (bytes + Limits.heapPageBytes - 1) & ~(Limits.heapPageBytes - 1) }

  // Sound: the block is the caller's, who has it for himself. Likewise in all of this file.
  fileprivate init(_ start: UnsafeMutableRawPointer, _ bytes: Int) {
    address = UInt(bitPattern: start)
    self.bytes = bytes
  }

  init() {}

  fileprivate var start: UnsafeMutableRawPointer { unsafe UnsafeMutableRawPointer(bitPattern: address)! }

  // Sound: as above.
  /// Gives a block back that is nobody's any more, on a thread that may not be a scheduler's.
  consuming func release(_ platform: any Platform) {
    if let scheduler = Scheduler.current { return scheduler.give(&self) }
    guard bytes > 0 else { return }
    guard isPooled else { return unsafe platform.release(start, bytes: bytes) }
    unsafe HeapPool.depots.give(start, HeapPool.sizeClass(of: bytes))
  }

  /// Copies whole words from one place to another; they do not overlap.
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
  // Sound: as above; a new mapping is nobody else's.
  /// A block of at least so many bytes; nil when there is no memory.
  func takeHeapBlock(_ bytes: Int) -> HeapBlock? {
    if bytes <= HeapPool.maxBytes {
      let sizeClass = HeapPool.sizeClass(of: bytes)
      guard let block = unsafe it.heapBlocks.take(sizeClass) else { return nil }
      return unsafe HeapBlock(block, HeapPool.bytes(ofClass: sizeClass))
    }
    guard bytes <= Limits.heapBlockMost else { return nil }
    let bytes = HeapBlock.pages(bytes)
    guard let start = unsafe it.runtime.it.platform.reserve(bytes: bytes) else { return nil }
    return unsafe HeapBlock(start, bytes)
  }

  /// Takes a block back, if it is one; it is none then.
  func give(_ block: inout HeapBlock) {
    guard block.bytes > 0 else { return }
    if block.isPooled {
      unsafe it.heapBlocks.give(block.start, HeapPool.sizeClass(of: block.bytes))
    } else {
      unsafe it.runtime.it.platform.release(block.start, bytes: block.bytes)
    }
    block = HeapBlock()
  }

  /// Makes a block one of at least so many bytes, whose first ones are what the old one's were; false when there is no
  /// memory.
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
    guard bytes <= Limits.heapBlockMost,
      let start = unsafe it.runtime.it.platform.grow(block.start, bytes: block.bytes, to: bytes, keeping: Int(used))
    else { return false }
    unsafe block = HeapBlock(start, bytes)
    return true
  }
}

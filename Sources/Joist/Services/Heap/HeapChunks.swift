// SPDX-License-Identifier: Apache-2.0
//
// Lists of blocks that do not move while they are filled. They hold words (the remembered set, the origins of copies),
// or objects that were copied and have no final address yet.

/// The header of a block in a list.
struct HeapChunk {
  var next: Handle<HeapChunk>?
  let block: HeapBlock
  /// The end of the block's contents.
  var top: UInt

  /// The size of the header, a multiple of sixteen so that the contents are aligned.
  static var headerBytes: UInt { 32 }
}

extension Handle<HeapChunk> {
  // Sound: the block is new and has room for the header.
  fileprivate func put(_ chunk: HeapChunk) { unsafe pointer.initialize(to: chunk) }

  /// The address of the first byte of contents.
  var start: UInt { bits &+ HeapChunk.headerBytes }
  /// The address that the contents must not exceed.
  var limit: UInt { it.block.address &+ UInt(it.block.bytes) }
  /// The number of bytes of contents.
  var used: UInt { it.top &- start }
}

/// A list of blocks, in the order in which they were added.
struct HeapChunks {
  private(set) var first: Handle<HeapChunk>?
  private(set) var last: Handle<HeapChunk>?
  /// The size of all blocks together.
  private(set) var bytes = 0

  /// Appends a block with room for `need` bytes: twice as large as the last one, up to the largest size of the pool.
  ///
  /// Returns nil if there is no memory.
  mutating func grow(for need: UInt, _ scheduler: Handle<Scheduler>) -> Handle<HeapChunk>? {
    let usual = min(max(Limits.minHeapBlock, 2 * (last?.it.block.bytes ?? 0)), HeapPool.maxBytes)
    let wanted = need.addingReportingOverflow(HeapChunk.headerBytes)
    guard !wanted.overflow, wanted.partialValue <= UInt(Limits.maxHeapBlock),
      let block = scheduler.takeHeapBlock(max(usual, Int(wanted.partialValue)))
    else { return nil }
    let chunk = Handle<HeapChunk>(address: block.address)
    chunk.put(HeapChunk(block: block, top: block.address + HeapChunk.headerBytes))
    if let last { last.it.next = chunk } else { first = chunk }
    last = chunk
    bytes += block.bytes
    return chunk
  }

  /// Appends a word, in blocks from the pool.
  mutating func append(_ word: UInt, _ scheduler: Handle<Scheduler>) {
    var chunk = last
    if chunk == nil || chunk!.it.top == chunk!.limit { chunk = grow(for: 8, scheduler) }
    Handle<UInt>(address: chunk!.it.top).it = word
    chunk!.it.top += 8
  }

  /// The number of bytes of contents in all blocks together.
  var used: UInt { all.reduce(0) { $0 + $1.used } }

  /// Every block, in the order in which it was added.
  var all: HeapBlocks { HeapBlocks(chunk: first) }

  /// Every word, in the order in which it was added.
  var words: HeapWords { HeapWords(first) }

  /// Gives all blocks back to the scheduler's pool.
  mutating func empty(_ scheduler: Handle<Scheduler>) {
    empty { block in scheduler.give(&block) }
  }

  /// Gives all blocks back with the closure.
  mutating func empty(_ give: (inout HeapBlock) -> Void) {
    while let chunk = first {
      first = chunk.it.next
      var block = chunk.it.block
      give(&block)
    }
    self = HeapChunks()
  }
}

/// The blocks of a list.
struct HeapBlocks: Sequence, IteratorProtocol {
  fileprivate var chunk: Handle<HeapChunk>?

  mutating func next() -> Handle<HeapChunk>? {
    let this = chunk
    chunk = this?.it.next
    return this
  }
}

/// The words in a list of blocks.
struct HeapWords: Sequence, IteratorProtocol {
  private var chunk: Handle<HeapChunk>?
  private var address: UInt

  fileprivate init(_ first: Handle<HeapChunk>?) {
    chunk = first
    address = first?.start ?? 0
  }

  mutating func next() -> UInt? {
    guard let this = chunk else { return nil }
    if address == this.it.top {
      self = HeapWords(this.it.next)
      return next()
    }
    address += 8
    return Handle<UInt>(address: address - 8).it
  }
}

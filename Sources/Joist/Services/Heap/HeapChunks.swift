// SPDX-License-Identifier: Apache-2.0
//
// Lists of blocks that stay where they are while they are filled: of words (what is remembered, where copies came
// from), and of objects that were copied and have no place yet.

/// The beginning of a block in a list.
struct HeapChunk {
  var next: Handle<HeapChunk>?
  let block: HeapBlock
  /// Where what is in it ends.
  var top: UInt

  /// Before the contents; aligned as they may want to be.
  static var headerBytes: UInt { 32 }
}

extension Handle<HeapChunk> {
  // Sound: the block is new, and has room for it.
  fileprivate func put(_ chunk: HeapChunk) { unsafe pointer.initialize(to: chunk) }

  /// Where its contents begin.
  var start: UInt { bits &+ HeapChunk.headerBytes }
  /// Where its contents must end.
  var limit: UInt { it.block.address &+ UInt(it.block.bytes) }
  /// Bytes in it.
  var used: UInt { it.top &- start }
}

/// Such a list, the first block first.
struct HeapChunks {
  private(set) var first: Handle<HeapChunk>?
  private(set) var last: Handle<HeapChunk>?
  /// Of all blocks together.
  private(set) var bytes = 0

  /// One block more with room for so many bytes: twice as large as the last one, up to the largest of the pool.
  ///
  /// Nil when there is no memory.
  mutating func grow(for need: UInt, _ scheduler: Handle<Scheduler>) -> Handle<HeapChunk>? {
    let usual = min(max(Limits.heapBlockLeast, 2 * (last?.it.block.bytes ?? 0)), HeapPool.maxBytes)
    let wanted = need.addingReportingOverflow(HeapChunk.headerBytes)
    guard !wanted.overflow, wanted.partialValue <= UInt(Limits.heapBlockMost),
      let block = scheduler.takeHeapBlock(max(usual, Int(wanted.partialValue)))
    else { return nil }
    let chunk = Handle<HeapChunk>(address: block.address)
    chunk.put(HeapChunk(block: block, top: block.address + HeapChunk.headerBytes))
    if let last { last.it.next = chunk } else { first = chunk }
    last = chunk
    bytes += block.bytes
    return chunk
  }

  /// Adds a word: blocks for that are the pool's.
  mutating func append(_ word: UInt, _ scheduler: Handle<Scheduler>) {
    var chunk = last
    if chunk == nil || chunk!.it.top == chunk!.limit { chunk = grow(for: 8, scheduler) }
    Handle<UInt>(address: chunk!.it.top).it = word
    chunk!.it.top += 8
  }

  /// Bytes that are used of all blocks together.
  var used: UInt { all.reduce(0) { $0 + $1.used } }

  /// Every block, in the order in which they were added.
  var all: HeapBlocks { HeapBlocks(chunk: first) }

  /// Every word, in the order in which they were added.
  var words: HeapWords { HeapWords(first) }

  /// Gives all blocks back.
  mutating func empty(_ scheduler: Handle<Scheduler>) {
    empty { block in scheduler.give(&block) }
  }

  /// Likewise, in whatever way.
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
  private var place: UInt

  fileprivate init(_ first: Handle<HeapChunk>?) {
    chunk = first
    place = first?.start ?? 0
  }

  mutating func next() -> UInt? {
    guard let this = chunk else { return nil }
    if place == this.it.top {
      self = HeapWords(this.it.next)
      return next()
    }
    place += 8
    return Handle<UInt>(address: place - 8).it
  }
}

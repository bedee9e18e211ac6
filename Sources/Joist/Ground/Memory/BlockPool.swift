// SPDX-License-Identifier: Apache-2.0
//
// Memory in blocks of a few sizes, for message nodes, saved frames and private heaps. Each scheduler caches free
// blocks, linked through their first word, and exchanges them with a depot.
//
// A block is in one place at a time: in use, in one cache, or in the depot. A cache belongs to its scheduler alone; the
// depot's lock guards the depot's chains.

import CJoist
import Synchronization

/// A chain of free blocks of one size.
// Sound: only caches and depots use it, and they put in free blocks only. The first word of a free block is its link.
@unsafe
struct BlockChain {
  var head: UnsafeMutableRawPointer?
  var last: UnsafeMutableRawPointer?
  var count = 0

  init() {}

  /// Makes a chain of one block.
  init(only block: UnsafeMutableRawPointer) {
    unsafe self.init()
    unsafe push(block)
  }

  // Sound: the first word of a free block belongs to the chain; blocks have at least 64 bytes. The same holds below.
  mutating func push(_ block: UnsafeMutableRawPointer) {
    unsafe block.storeBytes(of: head, as: UnsafeMutableRawPointer?.self)
    if unsafe head == nil { unsafe last = block }
    unsafe head = block
    unsafe count &+= 1
  }

  mutating func pop() -> UnsafeMutableRawPointer? {
    guard let block = unsafe head else { return nil }
    unsafe head = block.load(as: UnsafeMutableRawPointer?.self)
    unsafe count &-= 1
    return unsafe block
  }

  /// Prepends another chain.
  mutating func push(chain: BlockChain) {
    guard let chainLast = unsafe chain.last else { return }
    unsafe chainLast.storeBytes(of: head, as: UnsafeMutableRawPointer?.self)
    if unsafe head == nil { unsafe last = chainLast }
    unsafe head = chain.head
    unsafe count += chain.count
  }
}

extension BlockChain {
  // Sound: as above.
  /// Makes the chain that begins with that block.
  init(from head: UnsafeMutableRawPointer) {
    unsafe self.init()
    unsafe self.head = head
    unsafe visit { block in
      unsafe last = block
      unsafe count += 1
    }
  }

  /// Takes the whole chain and leaves this one empty.
  mutating func takeAll() -> BlockChain {
    defer { unsafe self = BlockChain() }
    return unsafe self
  }

  // Sound: as above.
  /// Calls the closure with every block.
  func visit(_ body: (UnsafeMutableRawPointer) -> Void) {
    var next = unsafe head
    while let block = unsafe next {
      unsafe next = block.load(as: UnsafeMutableRawPointer?.self)
      unsafe body(block)
    }
  }
}

/// The sizes of a depot's blocks.
protocol BlockSizes {
  /// The number of size classes.
  static var classes: Int { get }
  /// Returns the size in bytes of a class's blocks.
  static func bytes(ofClass index: Int) -> Int
}

// Sound: the block is of that class; the first two words of a free block are its links.
/// Annotations for AddressSanitizer; they do nothing in other builds.
extension BlockSizes {
  @inline(__always)
  static func markFree(_ block: UnsafeMutableRawPointer, _ sizeClass: Int) {
    unsafe joist_mark_free(block + 16, bytes(ofClass: sizeClass) - 16)
  }

  @inline(__always)
  static func markUsed(_ block: UnsafeMutableRawPointer, _ sizeClass: Int) {
    unsafe joist_mark_used(block + 16, bytes(ofClass: sizeClass) - 16)
  }
}

// Sound: only the scheduler that owns a cache touches its chains.
/// A scheduler's cache of free blocks.
///
/// Each class has two batches: one in use, and one that is full or empty. So a scheduler that alternately takes and
/// gives a block never goes to the depot.
@safe
struct BlockCache<Sizes: BlockSizes>: ~Copyable {
  private let loaded = unsafe Handle<BlockChain>.allocate(count: Sizes.classes) { unsafe BlockChain() }
  private let spare = unsafe Handle<BlockChain>.allocate(count: Sizes.classes) { unsafe BlockChain() }
  private let depots: BlockDepots<Sizes>
  /// The depot of the scheduler's node.
  private let depot: BlockDepot<Sizes>

  init(_ depots: BlockDepots<Sizes>, _ node: Int) {
    self.depots = depots
    depot = depots[node]
  }

  deinit {
    unsafe loaded.free(count: Sizes.classes)
    unsafe spare.free(count: Sizes.classes)
  }

  /// Takes a block of that class out of the batch in use; returns nil if the batch is empty.
  // Sound: a chain holds only free blocks of its class. The same holds below.
  @inline(__always)
  func takeLoaded(_ sizeClass: Int) -> UnsafeMutableRawPointer? {
    guard let block = unsafe loaded.advanced(by: sizeClass).it.pop() else { return nil }
    unsafe Sizes.markUsed(block, sizeClass)
    return unsafe block
  }

  /// Takes a block of that class; returns nil if there is no memory.
  @inline(__always)
  func take(_ sizeClass: Int) -> UnsafeMutableRawPointer? {
    guard let block = unsafe takeLoaded(sizeClass) else { return unsafe refill(sizeClass) }
    return unsafe block
  }

  @inline(never)
  private func refill(_ sizeClass: Int) -> UnsafeMutableRawPointer? {
    var chain = unsafe spare.advanced(by: sizeClass).it
    if unsafe chain.count == 0 { unsafe chain = depot.takeBatch(sizeClass) }
    unsafe spare.advanced(by: sizeClass).it = BlockChain()
    let block = unsafe chain.pop()
    unsafe loaded.advanced(by: sizeClass).it = chain
    if let block = unsafe block { unsafe Sizes.markUsed(block, sizeClass) }
    return unsafe block
  }

  /// Takes a block back.
  // Sound: the block is of that class and belongs to the caller.
  @inline(__always)
  func give(_ block: UnsafeMutableRawPointer, _ sizeClass: Int) {
    unsafe Sizes.markFree(block, sizeClass)
    guard unsafe loaded.advanced(by: sizeClass).it.count < Limits.blocksInABatch else {
      return unsafe unload(sizeClass, block)
    }
    unsafe loaded.advanced(by: sizeClass).it.push(block)
  }

  // Sound: as above.
  @inline(never)
  private func unload(_ sizeClass: Int, _ block: UnsafeMutableRawPointer) {
    unsafe depots.put(spare.advanced(by: sizeClass).it, sizeClass)
    unsafe spare.advanced(by: sizeClass).it = loaded.advanced(by: sizeClass).it
    unsafe loaded.advanced(by: sizeClass).it = BlockChain(only: block)
  }

  /// The number of free blocks in the cache, for a test.
  var count: Int {
    (0..<Sizes.classes).reduce(0) { sum, sizeClass in
      unsafe sum + loaded.advanced(by: sizeClass).it.count + spare.advanced(by: sizeClass).it.count
    }
  }

  /// Gives all blocks to the depot, when the scheduler ends.
  func empty() {
    for sizeClass in 0..<Sizes.classes {
      unsafe depots.put(unsafe loaded.advanced(by: sizeClass).it, sizeClass)
      unsafe depots.put(unsafe spare.advanced(by: sizeClass).it, sizeClass)
      unsafe loaded.advanced(by: sizeClass).it = BlockChain()
      unsafe spare.advanced(by: sizeClass).it = BlockChain()
    }
  }
}

// Sound: as `BlockChain`.
/// The free blocks of one class in a depot.
@safe
private struct Shelf {
  /// The whole batches, each identified by its first block, whose second word links the batches.
  var batches: UnsafeMutableRawPointer?
  /// The blocks that do not yet fill a batch.
  var loose = unsafe BlockChain()

  // Sound: as above; a free block has at least two words. The same holds below.
  mutating func put(_ chain: BlockChain) {
    if unsafe chain.count < Limits.blocksInABatch {
      unsafe loose.push(chain: chain)
      if unsafe loose.count >= Limits.blocksInABatch { unsafe putBatch(loose.takeAll()) }
    } else {
      unsafe putBatch(chain)
    }
  }

  private mutating func putBatch(_ chain: BlockChain) {
    unsafe chain.head!.storeBytes(of: batches, toByteOffset: 8, as: UnsafeMutableRawPointer?.self)
    unsafe batches = chain.head
  }

  /// Takes out a batch and returns its first block.
  mutating func takeBatch() -> UnsafeMutableRawPointer? {
    guard let head = unsafe batches ?? loose.takeAll().head else { return nil }
    if unsafe batches != nil { unsafe batches = head.load(fromByteOffset: 8, as: UnsafeMutableRawPointer?.self) }
    return unsafe head
  }
}

// Sound: the lock guards the shelves.
/// The depot from which caches get their blocks, with the memory of one node (NU2).
@safe
final class BlockDepot<Sizes: BlockSizes>: @unchecked Sendable {
  /// The lock that guards the shelves.
  private let lock = SpinLock()
  private let shelves = Handle<Shelf>.allocate(count: Sizes.classes) { Shelf() }
  private let slabs: SlabPool
  // Ordering: relaxed, a statistic.
  private let batches = Atomic<Int>(0)
  /// The number of batches and single blocks that were ever given back.
  var batchesPut: Int { batches.load(ordering: .relaxed) }

  /// Makes the depot of a NUMA node.
  init(node: Int) { slabs = SlabPool(node: node) }

  deinit { shelves.free(count: Sizes.classes) }

  private func shelf(_ sizeClass: Int) -> Handle<Shelf> { shelves.advanced(by: sizeClass) }

  // Sound: the thread that has a batch owns the blocks in it.
  /// Takes a batch of blocks: one that was given back, or one cut from new memory.
  ///
  /// Returns an empty chain if there is no memory.
  func takeBatch(_ sizeClass: Int) -> BlockChain {
    lock.lockAmongRuntimes()
    let found = unsafe shelf(sizeClass).it.takeBatch()
    lock.unlock()
    guard let head = unsafe found else { return unsafe makeBatch(sizeClass) }
    return unsafe BlockChain(from: head)
  }

  // Sound: no other thread has the new memory, and it is cut into blocks that do not overlap.
  private func makeBatch(_ sizeClass: Int) -> BlockChain {
    let bytes = Sizes.bytes(ofClass: sizeClass)
    let count = min(Limits.blocksInABatch, Limits.firstSlabBytes / 2 / bytes)
    var chain = unsafe BlockChain()
    guard let chunk = unsafe slabs.take(bytes * count) else { return unsafe chain }
    for index in (0..<count).reversed() {
      unsafe Sizes.markFree(chunk + index * bytes, sizeClass)
      unsafe chain.push(chunk + index * bytes)
    }
    return unsafe chain
  }

  /// Takes blocks back.
  func put(_ chain: BlockChain, _ sizeClass: Int) {
    guard unsafe chain.count > 0 else { return }
    batches.wrappingAdd(1, ordering: .relaxed)
    unsafe putBack(chain, sizeClass)
  }

  // Sound: as above.
  private func putBack(_ chain: BlockChain, _ sizeClass: Int) {
    guard unsafe chain.count > 0 else { return }
    lock.lockAmongRuntimes()
    unsafe shelf(sizeClass).it.put(chain)
    lock.unlock()
  }

  // Sound: blocks that are on no shelf belong to this thread; blocks of a freed slab are forgotten first.
  /// Frees the slabs of which no block is in use or in a cache, and returns the number of bytes freed.
  ///
  /// Examines every free block, and holds the lock only for moments. A thread that needs a block meanwhile has new ones
  /// cut.
  func trim() -> Int {
    var taken = unsafe (0..<Sizes.classes).map { unsafe takeAll($0) }
    var whole: [UInt: Int] = [:]
    for sizeClass in 0..<Sizes.classes {
      let bytes = Sizes.bytes(ofClass: sizeClass)
      unsafe taken[sizeClass].visit { unsafe whole[SlabPool.start(of: $0), default: 0] += bytes }
    }
    let gone = slabs.takeWhole(whole)
    // Order: the set is only tested for membership.
    let forgotten = Set(gone.starts)
    for sizeClass in 0..<Sizes.classes {
      unsafe putBack(&taken[sizeClass], sizeClass) { unsafe !forgotten.contains(SlabPool.start(of: $0)) }
    }
    return gone.free() * Limits.slabBytes
  }

  // Sound: as above.
  /// Returns the number of free blocks that satisfy the predicate.
  func count(_ isSuch: (UnsafeMutableRawPointer) -> Bool) -> Int {
    var count = 0
    for sizeClass in 0..<Sizes.classes {
      var all = unsafe takeAll(sizeClass)
      unsafe all.visit { if unsafe isSuch($0) { count += 1 } }
      unsafe putBack(&all, sizeClass) { _ in true }
    }
    return count
  }

  // Sound: as above.
  /// Puts the blocks that stay back on their shelf, in batches.
  private func putBack(_ all: inout BlockChain, _ sizeClass: Int, where stays: (UnsafeMutableRawPointer) -> Bool) {
    var batch = unsafe BlockChain()
    while let block = unsafe all.pop() {
      guard unsafe stays(block) else { continue }
      unsafe batch.push(block)
      if unsafe batch.count == Limits.blocksInABatch { unsafe putBack(batch.takeAll(), sizeClass) }
    }
    unsafe putBack(batch, sizeClass)
  }

  // Sound: as above.
  /// Takes all free blocks of a class.
  private func takeAll(_ sizeClass: Int) -> BlockChain {
    var all = unsafe BlockChain()
    while true {
      lock.lockAmongRuntimes()
      let head = unsafe shelf(sizeClass).it.takeBatch()
      lock.unlock()
      guard let head = unsafe head else { return unsafe all }
      unsafe all.push(chain: BlockChain(from: head))
    }
  }

  // Sound: as above.
  /// Gives all memory back; requires that no block is in use or in a cache.
  func release() {
    lock.lockAmongRuntimes()
    for sizeClass in 0..<Sizes.classes { shelf(sizeClass).it = Shelf() }
    lock.unlock()
    slabs.release()
  }
}

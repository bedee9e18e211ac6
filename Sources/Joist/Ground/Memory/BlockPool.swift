// SPDX-License-Identifier: Apache-2.0
//
// Memory in blocks of a few sizes, for message nodes and for images: each scheduler has free blocks of its own, linked
// through their first word, and the depot is where they come from and go to.
// BL1. A block is in one place: in use, in one cache, or in the depot. A cache is its scheduler's alone, the depot's
//      chains are under its lock.

import CJoist
import Synchronization

/// A chain of free blocks of one size.
// Sound: only for caches and depot, which put free blocks in and nothing else. A free block's first word links it.
@unsafe
struct BlockChain {
  var head: UnsafeMutableRawPointer?
  var last: UnsafeMutableRawPointer?
  var count = 0

  init() {}

  /// One block.
  init(only block: UnsafeMutableRawPointer) {
    unsafe self.init()
    unsafe push(block)
  }

  // Sound: a free block's first word is the chain's; blocks are at least 64 bytes. Likewise below.
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

  /// Puts another chain in front.
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
  /// The chain that begins with that block.
  init(from head: UnsafeMutableRawPointer) {
    unsafe self.init()
    unsafe self.head = head
    unsafe visit { block in
      unsafe last = block
      unsafe count += 1
    }
  }

  /// All of it; this one is empty then.
  mutating func takeAll() -> BlockChain {
    defer { unsafe self = BlockChain() }
    return unsafe self
  }

  // Sound: as above.
  /// Looks at every block.
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
  /// How many classes there are.
  static var classes: Int { get }
  /// The size of a class's blocks.
  static func bytes(ofClass index: Int) -> Int
}

// Sound: it is a block of that class; a free one's first two words are those that link it.
/// For AddressSanitizer alone: nothing in other builds.
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

// Sound: the chains of a cache are its scheduler's alone (BL1).
/// A scheduler's own free blocks: two batches a class, one that is used and one that is full or empty, so that taking
/// and giving by turns never goes to the depot.
@safe
struct BlockCache<Sizes: BlockSizes>: ~Copyable {
  private let loaded = unsafe Handle<BlockChain>.allocate(count: Sizes.classes) { unsafe BlockChain() }
  private let spare = unsafe Handle<BlockChain>.allocate(count: Sizes.classes) { unsafe BlockChain() }
  private let depots: BlockDepots<Sizes>
  /// The scheduler's node's.
  private let depot: BlockDepot<Sizes>

  init(_ depots: BlockDepots<Sizes>, _ node: Int) {
    self.depots = depots
    depot = depots[node]
  }

  deinit {
    unsafe loaded.free(count: Sizes.classes)
    unsafe spare.free(count: Sizes.classes)
  }

  /// A block of that class from the batch that is used; nil when that is empty.
  // Sound: chains hold free blocks of their class only. Likewise below.
  @inline(__always)
  func takeLoaded(_ sizeClass: Int) -> UnsafeMutableRawPointer? {
    guard let block = unsafe loaded.advanced(by: sizeClass).it.pop() else { return nil }
    unsafe Sizes.markUsed(block, sizeClass)
    return unsafe block
  }

  /// A block of that class; nil when there is no memory.
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
  // Sound: it is a block of that class, and the caller's.
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

  /// Gives everything to the depot: the scheduler ends.
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
/// Free blocks of one class.
@safe
private struct Shelf {
  /// Whole batches, each by its first block, whose second word links them.
  var batches: UnsafeMutableRawPointer?
  /// What is no batch yet.
  var loose = unsafe BlockChain()

  // Sound: as above; a free block has two words at least. Likewise below.
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

  /// A batch, by its first block.
  mutating func takeBatch() -> UnsafeMutableRawPointer? {
    guard let head = unsafe batches ?? loose.takeAll().head else { return nil }
    if unsafe batches != nil { unsafe batches = head.load(fromByteOffset: 8, as: UnsafeMutableRawPointer?.self) }
    return unsafe head
  }
}

// Sound: the shelves are touched under the lock (BL1).
/// Where caches get their blocks: those of one node's memory (NU2).
@safe
final class BlockDepot<Sizes: BlockSizes>: @unchecked Sendable {
  /// Guards the shelves.
  private let lock = SpinLock()
  private let shelves = Handle<Shelf>.allocate(count: Sizes.classes) { Shelf() }
  private let slabs: SlabPool
  // Ordering: relaxed, a figure.
  private let batches = Atomic<Int>(0)
  /// Batches that were ever given back, and single blocks.
  var batchesPut: Int { batches.load(ordering: .relaxed) }

  /// Of a NUMA node.
  init(node: Int) { slabs = SlabPool(node: node) }

  deinit { shelves.free(count: Sizes.classes) }

  private func shelf(_ sizeClass: Int) -> Handle<Shelf> { shelves.advanced(by: sizeClass) }

  // Sound: who has a batch has its blocks.
  /// A batch of blocks: one that was given back, or one cut from new memory; empty when there is none.
  func takeBatch(_ sizeClass: Int) -> BlockChain {
    lock.lockAmongRuntimes()
    let found = unsafe shelf(sizeClass).it.takeBatch()
    lock.unlock()
    guard let head = unsafe found else { return unsafe makeBatch(sizeClass) }
    return unsafe BlockChain(from: head)
  }

  // Sound: new memory is nobody else's, and is cut into blocks that do not overlap.
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

  // Sound: what is on no shelf meanwhile is nobody else's; blocks of slabs that are freed are forgotten first.
  /// Gives back the slabs that no block is in use of, nor in a cache; how many bytes that is.
  ///
  /// Looks at every free block, with the lock only for moments: who needs one meanwhile has new ones cut.
  func trim() -> Int {
    var taken = unsafe (0..<Sizes.classes).map { unsafe takeAll($0) }
    var whole: [UInt: Int] = [:]
    for sizeClass in 0..<Sizes.classes {
      let bytes = Sizes.bytes(ofClass: sizeClass)
      unsafe taken[sizeClass].visit { unsafe whole[SlabPool.start(of: $0), default: 0] += bytes }
    }
    let gone = slabs.takeWhole(whole)
    // Order: it is only asked for.
    let forgotten = Set(gone.starts)
    for sizeClass in 0..<Sizes.classes {
      unsafe putBack(&taken[sizeClass], sizeClass) { unsafe !forgotten.contains(SlabPool.start(of: $0)) }
    }
    return gone.free() * Limits.slabBytes
  }

  // Sound: as above.
  /// How many free blocks are such.
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
  /// Puts those that stay on their shelf, in batches.
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
  /// Every free block of a class.
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
  /// Gives all memory back: no block is in use, nor in a cache.
  func release() {
    lock.lockAmongRuntimes()
    for sizeClass in 0..<Sizes.classes { shelf(sizeClass).it = Shelf() }
    lock.unlock()
    slabs.release()
  }
}

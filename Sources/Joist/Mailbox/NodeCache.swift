// SPDX-License-Identifier: Apache-2.0
//
// Free blocks, linked through their first word: a scheduler's own, and the depot that they come from and go to.

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
    unsafe count += 1
  }

  mutating func pop() -> UnsafeMutableRawPointer? {
    guard let block = unsafe head else { return nil }
    unsafe head = block.load(as: UnsafeMutableRawPointer?.self)
    unsafe count -= 1
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

// Sound: the chains of a cache are its scheduler's alone.
/// A scheduler's own free blocks (O1): two batches a class, so that a batch moves only when both are full or empty.
@safe
struct NodeCache: ~Copyable {
  private var loaded = unsafe [BlockChain](repeating: BlockChain(), count: Limits.nodeClasses)
  private var spare = unsafe [BlockChain](repeating: BlockChain(), count: Limits.nodeClasses)

  /// A block of that class.
  // Sound: chains hold free blocks of their class only.
  @inline(__always)
  mutating func take(_ sizeClass: Int) -> UnsafeMutableRawPointer {
    if let block = unsafe loaded[sizeClass].pop() { return unsafe block }
    return unsafe refill(sizeClass)
  }

  @inline(never)
  private mutating func refill(_ sizeClass: Int) -> UnsafeMutableRawPointer {
    unsafe swap(&loaded[sizeClass], &spare[sizeClass])
    if let block = unsafe loaded[sizeClass].pop() { return unsafe block }
    unsafe loaded[sizeClass] = NodeDepot.shared.takeBatch(sizeClass)
    return unsafe loaded[sizeClass].pop()!
  }

  /// Takes a block back.
  @inline(__always)
  mutating func give(_ block: UnsafeMutableRawPointer, _ sizeClass: Int) {
    unsafe loaded[sizeClass].push(block)
    if unsafe loaded[sizeClass].count >= Limits.nodesInABatch { unload(sizeClass) }
  }

  // Sound: as above.
  @inline(never)
  private mutating func unload(_ sizeClass: Int) {
    unsafe NodeDepot.shared.put(spare[sizeClass], sizeClass)
    unsafe spare[sizeClass] = loaded[sizeClass]
    unsafe loaded[sizeClass] = BlockChain()
  }

  /// Gives everything to the depot: the scheduler ends.
  mutating func empty() {
    for sizeClass in 0..<Limits.nodeClasses {
      unsafe NodeDepot.shared.put(loaded[sizeClass], sizeClass)
      unsafe NodeDepot.shared.put(spare[sizeClass], sizeClass)
      unsafe loaded[sizeClass] = BlockChain()
      unsafe spare[sizeClass] = BlockChain()
    }
  }
}

// Sound: chains are touched under the lock.
/// Where caches get their blocks (O2).
@safe
final class NodeDepot: @unchecked Sendable {
  static let shared = NodeDepot()

  /// Guards the chains.
  private let lock = SpinLock()
  private var chains = unsafe [[BlockChain]](repeating: [], count: Limits.nodeClasses)

  /// A batch of blocks: one that was given back, or one cut from new memory.
  // Sound: new memory is nobody else's, and is cut into blocks that do not overlap.
  func takeBatch(_ sizeClass: Int) -> BlockChain {
    lock.lock()
    let found = unsafe chains[sizeClass].popLast()
    lock.unlock()
    if let found = unsafe found { return unsafe found }
    let bytes = NodePool.bytes(ofClass: sizeClass)
    let chunk = UnsafeMutableRawPointer.allocate(byteCount: bytes * Limits.nodesInABatch, alignment: 64)
    var chain = unsafe BlockChain()
    for index in (0..<Limits.nodesInABatch).reversed() { unsafe chain.push(chunk + index * bytes) }
    return unsafe chain
  }

  // Sound: as above.
  /// Takes blocks back.
  ///
  /// Single ones are gathered, so that batches stay batches.
  func put(_ chain: BlockChain, _ sizeClass: Int) {
    guard unsafe chain.count > 0 else { return }
    lock.lock()
    defer { lock.unlock() }
    if let last = unsafe chains[sizeClass].last, unsafe last.count + chain.count <= Limits.nodesInABatch {
      unsafe chains[sizeClass][chains[sizeClass].count - 1].push(chain: chain)
    } else {
      unsafe chains[sizeClass].append(chain)
    }
  }
}

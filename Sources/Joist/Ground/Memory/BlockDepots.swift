// SPDX-License-Identifier: Apache-2.0
//
// The depots of all NUMA nodes. Each depot holds the blocks that were cut from its own node's memory (NU2).

import Synchronization

/// One depot per NUMA node.
// Sound: the array of depots never changes; each depot guards its own contents.
@safe
final class BlockDepots<Sizes: BlockSizes>: Sendable {
  private let depots: [BlockDepot<Sizes>]
  /// Whether a depot other than the first has been used.
  // Ordering: relaxed. A thread that holds a block of another node got it from a thread that saw the flag set.
  private let areMany = Atomic<Bool>(false)

  /// Makes a depot for each of `nodes` nodes.
  init(nodes: Int) { depots = (0..<nodes).map { BlockDepot(node: $0) } }

  /// The depot of a node.
  subscript(node: Int) -> BlockDepot<Sizes> {
    if node > 0 { areMany.store(true, ordering: .relaxed) }
    return depots[node]
  }

  /// Takes blocks back and puts each into its own node's depot.
  // Sound: the blocks are the caller's, and each was cut from a slab.
  func put(_ chain: BlockChain, _ sizeClass: Int) {
    guard areMany.load(ordering: .relaxed) else { return unsafe depots[0].put(chain, sizeClass) }
    var left = unsafe chain
    while let first = unsafe left.head {
      let node = unsafe SlabPool.node(of: first)
      var same = unsafe BlockChain()
      var others = unsafe BlockChain()
      while let block = unsafe left.pop() {
        if unsafe SlabPool.node(of: block) == node { unsafe same.push(block) } else { unsafe others.push(block) }
      }
      unsafe depots[node].put(same, sizeClass)
      unsafe left = others
    }
  }

  // Sound: the block is of that class and belongs to the caller.
  /// Takes a block back from a thread that has no cache.
  func give(_ block: UnsafeMutableRawPointer, _ sizeClass: Int) {
    unsafe Sizes.markFree(block, sizeClass)
    unsafe put(BlockChain(only: block), sizeClass)
  }

  /// The number of batches and single blocks that were ever given back.
  var batchesPut: Int { depots.reduce(0) { $0 + $1.batchesPut } }

  /// The number of free blocks in the depot of another node than their own, for a test.
  var strays: Int {
    depots.indices.reduce(0) { sum, node in
      unsafe sum + depots[node].count { unsafe SlabPool.node(of: $0) != node }
    }
  }

  /// The number of free blocks in all depots, for a test.
  var free: Int { depots.reduce(0) { unsafe $0 + $1.count { _ in true } } }

  /// Trims every depot and returns the number of bytes given back.
  func trim() -> Int { depots.reduce(0) { $0 + $1.trim() } }

  /// Gives all memory back; requires that no block is in use or in a cache.
  func release() { for depot in depots { depot.release() } }
}

// SPDX-License-Identifier: Apache-2.0
//
// The depots of all NUMA nodes: each has the blocks that were cut from its own node's memory (NU2).

import Synchronization

/// A depot for each node.
// Sound: the depots never change; each guards what it has.
@safe
final class BlockDepots<Sizes: BlockSizes>: Sendable {
  private let depots: [BlockDepot<Sizes>]
  /// Somebody uses another one than the first.
  // Ordering: relaxed. Who has a block of another node's had it from somebody who saw that.
  private let areMany = Atomic<Bool>(false)

  /// For so many nodes.
  init(nodes: Int) { depots = (0..<nodes).map { BlockDepot(node: $0) } }

  /// A node's.
  subscript(node: Int) -> BlockDepot<Sizes> {
    if node > 0 { areMany.store(true, ordering: .relaxed) }
    return depots[node]
  }

  /// Takes blocks back, each for its own node.
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

  // Sound: it is a block of that class, and the caller's.
  /// Takes a block back from a thread that has no cache.
  func give(_ block: UnsafeMutableRawPointer, _ sizeClass: Int) {
    unsafe Sizes.markFree(block, sizeClass)
    unsafe put(BlockChain(only: block), sizeClass)
  }

  /// Batches that were ever given back, and single blocks.
  var batchesPut: Int { depots.reduce(0) { $0 + $1.batchesPut } }

  /// Free blocks that lie in the depot of another node than theirs: for a test.
  var strays: Int {
    depots.indices.reduce(0) { sum, node in
      unsafe sum + depots[node].count { unsafe SlabPool.node(of: $0) != node }
    }
  }

  /// As a depot's.
  func trim() -> Int { depots.reduce(0) { $0 + $1.trim() } }

  /// Gives all memory back: no block is in use, nor in a cache.
  func release() { for depot in depots { depot.release() } }
}

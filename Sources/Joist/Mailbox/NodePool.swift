// SPDX-License-Identifier: Apache-2.0
//
// Memory for message nodes: blocks of 64 bytes to a kilobyte, from chunks that are never given back to malloc.
// O1. A scheduler takes from and gives to a cache of its own, without a lock; caches exchange batches with the depot.
// O2. Nodes travel between runtimes, so the depot is the program's. A thread that is no scheduler uses malloc.

import CJoist

/// Takes and gives nodes.
@usableFromInline
package enum NodePool {
  /// Not a class: the block came from malloc.
  static let fromMalloc: UInt8 = .max

  /// The smallest class that holds so many bytes, or `fromMalloc`.
  @inline(__always)
  static func sizeClass(of bytes: Int, alignment: Int) -> UInt8 {
    guard alignment <= Limits.nodeBytesLeast else { return fromMalloc }
    let index = bytes <= Limits.nodeBytesLeast ? 0 : Int.bitWidth - (bytes - 1).leadingZeroBitCount - 6
    return index < Limits.nodeClasses ? UInt8(index) : fromMalloc
  }

  /// The size of a class's blocks.
  static func bytes(ofClass sizeClass: Int) -> Int { Limits.nodeBytesLeast << sizeClass }

  /// A node without a payload yet, from the scheduler's cache or, without one, from malloc; with room for so much more
  /// behind the payload.
  // Sound: the block is at least `offset + bytes + more` long and belongs to nobody else (O1).
  @inline(__always)
  static func take(
    bytes: Int,
    more: Int = 0,
    alignment: Int,
    metadata: UnsafeRawPointer,
    scheduler: Handle<Scheduler>?
  ) -> Handle<MessageNode> {
    let offset = MessageNode.offset(alignment: alignment)
    var sizeClass = scheduler == nil ? fromMalloc : sizeClass(of: offset + bytes + more, alignment: alignment)
    let block: UnsafeMutableRawPointer
    if sizeClass != fromMalloc, let scheduler {
      unsafe block = scheduler.it.nodes.take(Int(sizeClass))
    } else {
      sizeClass = fromMalloc
      unsafe block = UnsafeMutableRawPointer.allocate(byteCount: offset + bytes + more, alignment: max(16, alignment))
    }
    // Sound: as above; the header is at the block's beginning.
    let node = unsafe block.bindMemory(to: MessageNode.self, capacity: 1)
    unsafe node.initialize(
      to: MessageNode(
        metadata: metadata,
        bytes: UInt32(clamping: bytes),
        payloadOffset: UInt16(offset),
        sizeClass: sizeClass
      )
    )
    return unsafe Handle(node)
  }

  /// Takes a node back whose payload is gone.
  // Sound: nothing refers to the node any more (K1).
  @usableFromInline
  static func give(_ node: Handle<MessageNode>) {
    let block = unsafe UnsafeMutableRawPointer(node.pointer)
    let sizeClass = node.it.sizeClass
    if sizeClass == fromMalloc {
      unsafe block.deallocate()
    } else if let scheduler = Scheduler.current {
      unsafe scheduler.it.nodes.give(block, Int(sizeClass))
    } else {
      unsafe NodeDepot.shared.put(BlockChain(only: block), Int(sizeClass))
    }
  }
}

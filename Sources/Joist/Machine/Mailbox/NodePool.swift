// SPDX-License-Identifier: Apache-2.0
//
// Memory for message nodes: blocks of 64 bytes to a kilobyte (`BlockPool`).
// O1. A scheduler takes from and gives to a cache of its own, without a lock. A thread that is none uses malloc.
// O2. Nodes travel between runtimes, so the depot is the program's, and its memory is never given back.

import CJoist

/// How much room a message needs: known to the compiler where the message's type is.
@usableFromInline
struct NodeShape {
  /// The payload's size.
  @usableFromInline let bytes: Int
  /// From the header's beginning to the payload.
  @usableFromInline let payloadOffset: Int
  /// Of the whole node, what comes behind the payload included.
  @usableFromInline let allBytes: Int
  @usableFromInline let alignment: Int

  /// For a payload of that type, and so much behind it.
  @inlinable @inline(__always)
  init<Message: ~Copyable>(_ type: Message.Type, more: Int = 0) {
    bytes = MemoryLayout<Message>.size
    alignment = MemoryLayout<Message>.alignment
    payloadOffset = MessageNode.offset(alignment: alignment)
    allBytes = payloadOffset + bytes + more
  }

  /// The smallest class that holds it, or `fromMalloc`.
  @inlinable
  var sizeClass: UInt8 {
    @inline(__always) get {
      guard alignment <= NodePool.minBytes, allBytes <= NodePool.maxBytes else { return NodePool.fromMalloc }
      if allBytes <= NodePool.minBytes { return 0 }
      return UInt8(truncatingIfNeeded: Int.bitWidth - (allBytes - 1).leadingZeroBitCount - 6)
    }
  }
}

/// Takes and gives nodes.
@usableFromInline
package enum NodePool: BlockSizes {
  /// Where all schedulers' caches get their nodes (O2).
  static let depots = BlockDepots<NodePool>(nodes: Limits.maxNumaNodes)

  /// Not a class: the block came from malloc.
  @inlinable static var fromMalloc: UInt8 { .max }
  /// Not a class either: the block is of the reserve (NR1).
  static var fromReserve: UInt8 { .max - 1 }
  /// The smallest and the largest class's blocks, header included; what is larger comes from malloc.
  @inlinable static var minBytes: Int { 64 }
  @inlinable static var maxBytes: Int { 1_024 }
  /// How many classes there are.
  static var classes: Int { 5 }

  /// The size of a class's blocks.
  static func bytes(ofClass sizeClass: Int) -> Int { minBytes << sizeClass }

  /// A node without a payload yet, from the scheduler's cache or, without one, from malloc.
  // Sound: the block is as long as the shape says and belongs to nobody else (O1). The metadata is passed on.
  @inline(__always)
  static func take(
    _ shape: NodeShape,
    _ sizeClass: UInt8,
    metadata: UnsafeRawPointer,
    _ scheduler: Handle<Scheduler>?
  ) -> Handle<MessageNode> {
    guard let scheduler, sizeClass != fromMalloc, let block = unsafe scheduler.it.nodes.takeLoaded(Int(sizeClass))
    else { return unsafe takeSlowly(shape, sizeClass, metadata: metadata, scheduler) }
    return unsafe begin(block, shape, sizeClass, metadata: metadata)
  }

  // Sound: as above.
  @inline(never)
  private static func takeSlowly(
    _ shape: NodeShape,
    _ sizeClass: UInt8,
    metadata: UnsafeRawPointer,
    _ scheduler: Handle<Scheduler>?
  ) -> Handle<MessageNode> {
    let (block, sizeClass) =
      if let scheduler, sizeClass != fromMalloc {
        (unsafe scheduler.it.nodes.take(Int(sizeClass)), sizeClass)
      } else {
        (unsafe joist_allocate(shape.allBytes, max(16, shape.alignment)), fromMalloc)
      }
    if let block = unsafe block { return unsafe begin(block, shape, sizeClass, metadata: metadata) }
    guard let block = unsafe scheduler?.takeReserved(shape.allBytes) else {
      fatalError("Joist: there is no memory for a message")
    }
    return unsafe begin(block, shape, fromReserve, metadata: metadata)
  }

  // Sound: as above; the header is at the block's beginning.
  @inline(__always)
  private static func begin(
    _ block: UnsafeMutableRawPointer,
    _ shape: NodeShape,
    _ sizeClass: UInt8,
    metadata: UnsafeRawPointer
  ) -> Handle<MessageNode> {
    let node = unsafe block.bindMemory(to: MessageNode.self, capacity: 1)
    unsafe node.initialize(
      to: MessageNode(
        metadata: metadata,
        bytes: UInt32(truncatingIfNeeded: min(shape.bytes, Int(UInt32.max))),
        payloadOffset: UInt16(truncatingIfNeeded: shape.payloadOffset),
        sizeClass: sizeClass
      )
    )
    return unsafe Handle(node)
  }

  /// Takes a node back whose payload is gone.
  // Sound: nothing refers to the node any more (K1).
  @usableFromInline
  static func give(_ node: Handle<MessageNode>) {
    let sizeClass = node.it.sizeClass
    guard sizeClass < fromReserve, let scheduler = Scheduler.current else { return giveSlowly(node) }
    unsafe scheduler.it.nodes.give(UnsafeMutableRawPointer(node.pointer), Int(sizeClass))
  }

  // Sound: as above.
  @inline(never)
  private static func giveSlowly(_ node: Handle<MessageNode>) {
    let block = unsafe UnsafeMutableRawPointer(node.pointer)
    switch node.it.sizeClass {
    case fromMalloc: unsafe block.deallocate()
    case fromReserve: unsafe NodeReserve.shared.give(block)
    case let sizeClass: unsafe depots.give(block, Int(sizeClass))
    }
  }
}

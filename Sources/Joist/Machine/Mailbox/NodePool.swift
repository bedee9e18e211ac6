// SPDX-License-Identifier: Apache-2.0
//
// The memory for message nodes: blocks of 64 bytes to a kilobyte (`BlockPool`). A scheduler uses a cache of its own,
// without a lock; any other thread uses malloc. Nodes travel between runtimes, so all runtimes of the program share the
// depot behind the caches, and its memory is never given back.

import CJoist

/// The size and layout of a message's node, known at compile time where the message's type is known.
@usableFromInline
struct NodeShape {
  /// The payload's size in bytes.
  @usableFromInline let bytes: Int
  /// The distance from the header's beginning to the payload, in bytes.
  @usableFromInline let payloadOffset: Int
  /// The bytes of the whole node, with those behind the payload.
  @usableFromInline let allBytes: Int
  @usableFromInline let alignment: Int

  /// Creates the shape for a payload of that type with `more` bytes behind it.
  @inlinable @inline(__always)
  init<Message: ~Copyable>(_ type: Message.Type, more: Int = 0) {
    bytes = MemoryLayout<Message>.size
    alignment = MemoryLayout<Message>.alignment
    payloadOffset = MessageNode.offset(alignment: alignment)
    allBytes = payloadOffset + bytes + more
  }

  /// Creates the shape of the same payload in a node of that size.
  init(_ shape: NodeShape, allBytes: Int) {
    (bytes, alignment, payloadOffset) = (shape.bytes, shape.alignment, shape.payloadOffset)
    self.allBytes = allBytes
  }

  /// The smallest size class that holds the node, or `fromMalloc`.
  @inlinable
  var sizeClass: UInt8 {
    @inline(__always) get {
      guard alignment <= NodePool.minBytes, allBytes <= NodePool.maxBytes else { return NodePool.fromMalloc }
      if allBytes <= NodePool.minBytes { return 0 }
      return UInt8(truncatingIfNeeded: Int.bitWidth - (allBytes - 1).leadingZeroBitCount - 6)
    }
  }
}

/// Allocates and frees message nodes.
@usableFromInline
package enum NodePool: BlockSizes {
  /// The depots of the program, from which the caches of all schedulers get their blocks.
  static let depots = BlockDepots<NodePool>(nodes: Limits.maxNumaNodes)

  /// The value that stands for malloc instead of a size class.
  @inlinable static var fromMalloc: UInt8 { .max }
  /// The value that stands for the reserve instead of a size class (NR1).
  static var fromReserve: UInt8 { .max - 1 }
  /// The block sizes of the smallest and the largest class, header included; a larger node comes from malloc.
  @inlinable static var minBytes: Int { 64 }
  @inlinable static var maxBytes: Int { 1_024 }
  /// The number of size classes.
  static var classes: Int { 5 }

  /// Returns the size of a class's blocks, in bytes.
  static func bytes(ofClass sizeClass: Int) -> Int { minBytes << sizeClass }

  /// Takes a node, without a payload yet, from the scheduler's cache, or from malloc if there is no scheduler.
  // Sound: the block is as long as the shape says, and no other thread has it. The metadata is passed on.
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

  // Sound: as `take`.
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

  // Sound: as `take`; the header is at the block's beginning.
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

  /// Takes back a node whose payload was moved out or destroyed.
  // Sound: no thread refers to the node any more (K1).
  @usableFromInline
  static func give(_ node: Handle<MessageNode>) {
    let sizeClass = node.it.sizeClass
    guard sizeClass < fromReserve, let scheduler = Scheduler.current else { return giveSlowly(node) }
    unsafe scheduler.it.nodes.give(UnsafeMutableRawPointer(node.pointer), Int(sizeClass))
  }

  // Sound: as `give`.
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

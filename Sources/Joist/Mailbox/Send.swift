// SPDX-License-Identifier: Apache-2.0
//
// Sending: make a node, move the message in, push it, and wake the receiver if it sleeps.
// A send never blocks and never switches; its cost is charged to the sender as a debt.

import CJoist
import Synchronization

/// A message that is being made.
///
/// Between `begin` and `finish` nothing can switch, so the scheduler stays the same.
@usableFromInline
struct Delivery {
  @usableFromInline let node: Handle<MessageNode>
  let scheduler: Handle<Scheduler>?

  /// A node with room for a payload.
  // Sound: the metadata is passed on as it is.
  @usableFromInline
  static func begin(bytes: Int, alignment: Int, metadata: UnsafeRawPointer) -> Delivery {
    let scheduler = Scheduler.current
    let node = unsafe NodePool.take(bytes: bytes, alignment: alignment, metadata: metadata, scheduler: scheduler)
    return Delivery(node: node, scheduler: scheduler)
  }

  /// A node for a message of that type.
  // Sound: a metatype is a pointer to its type's metadata.
  @inlinable
  static func begin<Message: ~Copyable>(_ type: Message.Type) -> Delivery {
    unsafe begin(
      bytes: MemoryLayout<Message>.size,
      alignment: MemoryLayout<Message>.alignment,
      metadata: unsafeBitCast(type, to: UnsafeRawPointer.self)
    )
  }

  /// Moves the message in.
  // Sound: the payload is not initialised yet, and of this type.
  @inlinable
  func put<Message: ~Copyable>(_ message: consuming Message) {
    unsafe node.payload(as: Message.self).pointer.initialize(to: message)
  }

  /// Sends it.
  ///
  /// To the dead it is dropped and counted; the message is destroyed here then.
  @usableFromInline
  func finish(to process: Handle<ProcessRecord>, _ id: ProcessID) {
    node.it.generation = id.generation
    if let scheduler {
      if let sender = scheduler.it.running {
        node.it.sender = sender.id.bits
        sender.it.fuel -= Cost.send
        scheduler.signalDeferred()
      }
      node.it.sent = scheduler.it.lastClock
      scheduler.it.figures.messagesSent.add()
    } else {
      process.it.home.it.figures.messagesSent.add()
    }
    guard process.it.generation.load(ordering: .relaxed) == id.generation else {
      node.discard()
      return process.it.home.it.figures.messagesDropped.add()
    }
    if process.it.inbox.push(node) { process.wake(from: scheduler) }
  }
}

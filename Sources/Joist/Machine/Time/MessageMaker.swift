// SPDX-License-Identifier: Apache-2.0
//
// A message that its receiver makes itself, on its own stack, because the closure that makes it is user code.

import Synchronization

/// A closure that makes a new message each time it is called.
@usableFromInline
struct MessageMaker {
  /// Returns a node with a new message.
  @usableFromInline let makeNode: @Sendable () -> Handle<MessageNode>

  @inlinable
  init<Message: ~Copyable>(_ make: @escaping @Sendable () -> Message) {
    makeNode = {
      let message = make()
      let delivery = Delivery.begin(Message.self)
      delivery.put(message)
      return delivery.node
    }
  }

  /// Makes the message for a process, in place of the node that brought the maker.
  // Ordering: relaxed, because the process reads its own generation (R9).
  func make(for process: ProcessHandle, from bringer: (sender: UInt64, sent: UInt64)) -> Handle<MessageNode> {
    let node = makeNode()
    node.it.generation = process.it.generation.load(ordering: .relaxed)
    node.it.sender = bringer.sender
    node.it.sent = bringer.sent
    return node
  }
}

extension Delivery {
  /// Returns a node that brings a maker.
  static func making(_ maker: MessageMaker) -> Delivery {
    let delivery = Delivery.begin(MessageMaker.self)
    delivery.node.it.kind = .maker
    delivery.put(maker)
    return delivery
  }
}

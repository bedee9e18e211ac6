// SPDX-License-Identifier: Apache-2.0
//
// Notices: messages that a process makes of what the runtime tells it, by a closure that it has given.

/// A closure that makes a message of what the runtime has to tell.
@usableFromInline
typealias NoticeMaker<News> = @Sendable (News) -> Handle<MessageNode>

/// Makes notice makers from closures of the user.
@usableFromInline
enum NoticeMakers {
  @inlinable @inline(__always)
  static func make<News, Message: ~Copyable>(_ map: @escaping @Sendable (News) -> Message) -> NoticeMaker<News> {
    { news in
      let message = map(news)
      let delivery = Delivery.begin(Message.self)
      delivery.put(message)
      return delivery.node
    }
  }
}

extension Handle<ProcessRecord> {
  /// Turns a message that was just made into a notice.
  func notice(
    of node: Handle<MessageNode>,
    from sender: UInt64,
    _ sent: UInt64,
    number: UInt32 = 0
  ) -> Handle<MessageNode> {
    node.it.kind = .notice
    node.it.sender = sender
    node.it.sent = sent
    node.it.generation = number
    Scheduler.current!.it.counters.messagesSent.add()
    return node
  }
}

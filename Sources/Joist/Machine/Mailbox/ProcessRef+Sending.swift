// SPDX-License-Identifier: Apache-2.0
//
// The ways to send a message.

extension ProcessRef where Message: ~Copyable {
  /// Moves a message into the mailbox; does not allocate for messages of up to a kilobyte that a process sends, and
  /// never waits but for a mailbox that was asked to block (`SpawnOptions.WhenFull.block`).
  ///
  /// An urgent message is received before those that are not. To the dead: dropped, destroyed and counted.
  @inlinable
  public func send(_ message: consuming sending Message, urgent: Bool = false) {
    guard let record else { return }
    let delivery = Delivery.begin(Message.self)
    delivery.put(message)
    if urgent { delivery.finishUrgent(to: record, id) } else { delivery.finish(to: record, id) }
  }

  /// As `send`, but never waits, and says when the mailbox is full or the process gone; the message is gone then too.
  @inlinable
  public func trySend(_ message: consuming sending Message) throws(SendError) {
    guard let record else { throw .noProcess }
    let delivery = Delivery.begin(Message.self)
    delivery.put(message)
    try delivery.tryFinish(to: record, id)
  }
}

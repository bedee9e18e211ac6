// SPDX-License-Identifier: Apache-2.0
//
// Sending a message to a process.

extension ProcessRef where Message: ~Copyable {
  /// Moves a message into the process's mailbox.
  ///
  /// If the process has ended, the message is destroyed and counted as dropped. Waits only if the mailbox is full and
  /// its policy is ``SpawnOptions/WhenFull/block``. If a process sends, a message of up to about a kilobyte needs no
  /// allocation.
  ///
  /// - Parameters:
  ///   - message: The message; the sender gives it up.
  ///   - urgent: Whether the message is received before all messages that are not urgent.
  @inlinable
  public func send(_ message: consuming sending Message, urgent: Bool = false) {
    guard let record else { return }
    let delivery = Delivery.begin(Message.self)
    delivery.put(message)
    if urgent { delivery.finishUrgent(to: record, id) } else { delivery.finish(to: record, id) }
  }

  /// Moves a message into the process's mailbox, or throws if that is not possible; never waits.
  ///
  /// A message that is not sent is destroyed.
  ///
  /// - Throws: ``SendError`` if the mailbox is full or the process has ended.
  @inlinable
  public func trySend(_ message: consuming sending Message) throws(SendError) {
    guard let record else { throw .noProcess }
    let delivery = Delivery.begin(Message.self)
    delivery.put(message)
    try delivery.tryFinish(to: record, id)
  }
}

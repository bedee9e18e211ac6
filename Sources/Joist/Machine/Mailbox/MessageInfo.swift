// SPDX-License-Identifier: Apache-2.0
//
// What a receiver may learn about a message besides its content.

/// The sender of a message, its size, and the time at which it was sent.
public struct MessageInfo: Sendable, Hashable {
  /// The process that sent it; nil for a thread that is not a process.
  public let sender: ProcessID?
  /// The size of the message value in bytes, without what the value refers to.
  public let bytes: Int
  /// The time at which it was sent, as the sender last read the clock: up to a few slices early.
  ///
  /// For a message from a thread that is not a process, the time at which this property was read.
  public let sent: ContinuousClock.Instant
}

extension ProcessContext where Message: ~Copyable {
  /// What is known about the message that was received last; nil before the first one.
  public var lastMessage: MessageInfo? {
    let scheduler = record.here(generation)
    guard record.it.mailbox.hasReceived else { return nil }
    let (sentAt, senderBits) = (record.it.mailbox.lastSent, record.it.mailbox.lastSender)
    let now = scheduler.it.clock.count
    let elapsed = sentAt == 0 || sentAt > now ? 0 : now - sentAt
    return MessageInfo(
      sender: senderBits == 0 ? nil : ProcessID(bits: senderBits),
      bytes: Int(record.it.mailbox.lastBytes),
      sent: .now - .nanoseconds(scheduler.it.clock.nanoseconds(elapsed))
    )
  }
}

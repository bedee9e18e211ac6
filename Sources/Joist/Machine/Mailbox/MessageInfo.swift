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
    let mailbox = record.it.mailbox
    guard mailbox.hasReceived else { return nil }
    let now = scheduler.it.clock.count
    let elapsed = mailbox.lastSent == 0 || mailbox.lastSent > now ? 0 : now - mailbox.lastSent
    return MessageInfo(
      sender: mailbox.lastSender == 0 ? nil : ProcessID(bits: mailbox.lastSender),
      bytes: Int(mailbox.lastBytes),
      sent: .now - .nanoseconds(scheduler.it.clock.nanoseconds(elapsed))
    )
  }
}

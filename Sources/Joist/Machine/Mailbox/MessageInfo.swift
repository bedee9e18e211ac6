// SPDX-License-Identifier: Apache-2.0
//
// What a receiver can know of a message beside the message.

/// Where a message came from, how large it is, when it was sent.
public struct MessageInfo: Sendable, Hashable {
  /// Nil for a thread that is no process.
  public let sender: ProcessID?
  /// Its size in the mailbox: of the value itself, not of what it refers to.
  public let bytes: Int
  /// When it was sent, by the sender's last look at the clock: up to some slices early.
  ///
  /// For a thread that is no process, when it was received.
  public let sent: ContinuousClock.Instant
}

extension ProcessContext where Message: ~Copyable {
  /// Where the message last received came from; nil before the first.
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

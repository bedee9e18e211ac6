// SPDX-License-Identifier: Apache-2.0
//
// Selective receive. A closure that looks at messages which stay in the mailbox is `@Sendable`, so that it cannot keep
// one of them.

extension ProcessContext {
  // Sound: without a timeout `select` and `extract` do not return nil. Likewise below.
  /// Takes the first message that fits out of the mailbox, and parks until there is one.
  ///
  /// The other messages stay in the mailbox, in their order. Each call looks at every message that has come; while it
  /// waits, it looks only at new ones.
  ///
  /// - Parameter fits: Returns whether to take a message.
  /// - Returns: The message.
  /// - Throws: ``ProcessExit`` if the process is told to exit.
  @inlinable
  public func receive(where fits: @Sendable (Message) -> Bool) throws(ProcessExit) -> sending Message {
    unsafe try select(fits, timeout: nil).unsafelyUnwrapped
  }

  /// Takes the first message that fits out of the mailbox, and parks for at most `timeout` until there is one.
  ///
  /// The other messages stay in the mailbox, in their order.
  ///
  /// - Parameters:
  ///   - fits: Returns whether to take a message.
  ///   - timeout: The longest time to wait; with zero only messages that are there already are looked at.
  /// - Returns: The message; nil if none came in time.
  /// - Throws: ``ProcessExit`` if the process is told to exit.
  @inlinable
  public func receive(
    where fits: @Sendable (Message) -> Bool,
    timeout: Duration
  ) throws(ProcessExit) -> sending Message? {
    try select(fits, timeout: timeout)
  }

  /// Takes the first message from which the pattern extracts a value out of the mailbox, and parks until there is one.
  ///
  /// The rest of that message is destroyed. The other messages stay in the mailbox, in their order.
  ///
  /// - Parameter pattern: Returns the value to receive; nil if the message does not fit.
  /// - Returns: The value that the pattern returned.
  /// - Throws: ``ProcessExit`` if the process is told to exit.
  @inlinable
  public func receive<T>(matching pattern: @Sendable (Message) -> T?) throws(ProcessExit) -> sending T {
    // Sound: without a timeout, a selection returns only with a value.
    unsafe try extract(pattern, timeout: nil).unsafelyUnwrapped
  }

  /// Takes the first message from which the pattern extracts a value out of the mailbox, and parks for at most
  /// `timeout` until there is one.
  ///
  /// The rest of that message is destroyed. The other messages stay in the mailbox, in their order.
  ///
  /// - Parameters:
  ///   - pattern: Returns the value to receive; nil if the message does not fit.
  ///   - timeout: The longest time to wait; with zero only messages that are there already are looked at.
  /// - Returns: The value that the pattern returned; nil if no message fitted in time.
  /// - Throws: ``ProcessExit`` if the process is told to exit.
  @inlinable
  public func receive<T>(
    matching pattern: @Sendable (Message) -> T?,
    timeout: Duration
  ) throws(ProcessExit) -> sending T? {
    try extract(pattern, timeout: timeout)
  }

  /// Passes the next message to a closure and leaves it in the mailbox; never waits.
  ///
  /// The message itself cannot leave the closure, because the result is `Sendable`.
  ///
  /// - Returns: The closure's result; nil if there is no message.
  @inlinable
  public func peek<R: Sendable>(_ look: @Sendable (Message) -> R) -> R? {
    record.firstMessage(generation).map { look($0.payload(as: Message.self).it) }
  }

  @inlinable
  func select(_ fits: (Message) -> Bool, timeout: Duration?) throws(ProcessExit) -> sending Message? {
    defer { record.endSelection() }
    var selection = Selection(record)
    while let node = try record.nextCandidate(generation, &selection, timeout: timeout) {
      if fits(node.payload(as: Message.self).it) {
        return record.take(selection).open(as: Message.self)
      }
      selection.passOver(node)
    }
    return nil
  }

  @inlinable
  func extract<T>(_ pattern: (Message) -> T?, timeout: Duration?) throws(ProcessExit) -> sending T? {
    defer { record.endSelection() }
    var selection = Selection(record)
    while let node = try record.nextCandidate(generation, &selection, timeout: timeout) {
      if let part = pattern(node.payload(as: Message.self).it) {
        _ = record.take(selection).open(as: Message.self)
        return part
      }
      selection.passOver(node)
    }
    return nil
  }
}

extension ProcessContext where Message: Sendable {
  /// Returns the next message and leaves it in the mailbox, or returns nil if there is none; never waits.
  @inlinable
  public func peek() -> Message? { peek { $0 } }
}

extension Handle<ProcessRecord> {
  /// Takes in what has come, and returns the first message of the mailbox; nil if there is none.
  @usableFromInline
  func firstMessage(_ generation: UInt32) -> Handle<MessageNode>? {
    _ = here(generation)
    collectMail()
    return it.mailbox.first
  }
}

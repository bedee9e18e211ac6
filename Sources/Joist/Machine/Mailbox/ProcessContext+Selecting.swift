// SPDX-License-Identifier: Apache-2.0
//
// Selective receive. What looks at messages that stay in the mailbox is `@Sendable`: it cannot keep one.

extension ProcessContext {
  // Sound: without a timeout `select` and `extract` do not return nil. Likewise below.
  /// Waits for the first message that fits; the others stay, in their order.
  @inlinable
  public func receive(where fits: @Sendable (Message) -> Bool) throws(ProcessExit) -> sending Message {
    unsafe try select(fits, timeout: nil).unsafelyUnwrapped
  }

  /// As above; nil when none came in time.
  @inlinable
  public func receive(
    where fits: @Sendable (Message) -> Bool,
    timeout: Duration
  ) throws(ProcessExit) -> sending Message? {
    try select(fits, timeout: timeout)
  }

  /// Waits for the first message that the pattern extracts something from; the rest of it is destroyed.
  @inlinable
  public func receive<T>(matching pattern: @Sendable (Message) -> T?) throws(ProcessExit) -> sending T {
    unsafe try extract(pattern, timeout: nil).unsafelyUnwrapped
  }

  /// As above; nil when none came in time.
  @inlinable
  public func receive<T>(
    matching pattern: @Sendable (Message) -> T?,
    timeout: Duration
  ) throws(ProcessExit) -> sending T? {
    try extract(pattern, timeout: timeout)
  }

  /// Looks at the next message without taking it; only what is `Sendable` gets out.
  ///
  /// Nil when there is none.
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
  /// The next message, which stays; nil when there is none.
  @inlinable
  public func peek() -> Message? { peek { $0 } }
}

extension Handle<ProcessRecord> {
  /// The oldest message that waits.
  @usableFromInline
  func firstMessage(_ generation: UInt32) -> Handle<MessageNode>? {
    _ = here(generation)
    collectMail()
    return it.mailbox.first
  }
}

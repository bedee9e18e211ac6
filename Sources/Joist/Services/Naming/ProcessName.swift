// SPDX-License-Identifier: Apache-2.0
//
// Typed names: addresses that stay the same when a process is restarted under its name.

/// The name of a process, with the type of the messages that it takes.
///
/// Each use goes to the process that has the name then, so it reaches a server that its supervisor has restarted.
public struct ProcessName<Message: ~Copyable>: Sendable {
  /// The name as text, as ``SpawnOptions/name`` and `register` take it.
  public let text: String

  /// Makes a typed name; no process need have it.
  public init(_ text: String) { self.text = text }
}

extension ProcessName: Hashable where Message: ~Copyable {}

extension ProcessName: ExpressibleByStringLiteral where Message: ~Copyable {
  /// Makes a typed name from a literal.
  public init(stringLiteral text: String) { self.init(text) }
}

extension ProcessName: CustomStringConvertible where Message: ~Copyable {
  /// The name as text.
  public var description: String { text }
}

extension ProcessRuntime {
  /// Returns the process that has a name now; the reference `#0.0`, which names no process, if none has it.
  ///
  /// - Throws: ``NameError/wrongType(_:takes:asked:)`` if the process takes messages of another type.
  public func ref<M: ~Copyable>(of name: ProcessName<M>) throws(NameError) -> ProcessRef<M> {
    try lookup(name.text, as: M.self) ?? ProcessRef(nil)
  }
}

extension ProcessContext where Message: ~Copyable {
  /// Returns the process that has a name now, as ``ProcessRuntime/ref(of:)`` does.
  public func ref<M: ~Copyable>(of name: ProcessName<M>) throws(NameError) -> ProcessRef<M> {
    try lookup(name.text, as: M.self) ?? ProcessRef(nil)
  }

  /// Sends a message to the process that has a name now; destroys it if no process has.
  ///
  /// Waits only if the mailbox is full and its policy is ``SpawnOptions/WhenFull/block``.
  /// - Returns: Whether a process had the name.
  /// - Throws: ``NameError/wrongType(_:takes:asked:)``, and then sends nothing.
  @inlinable @discardableResult
  public func send<M: ~Copyable>(_ message: consuming sending M, to name: ProcessName<M>) throws(NameError) -> Bool {
    let ref = try ref(of: name)
    ref.send(message)
    return ref.record != nil
  }

  /// Sends a request to the process that has a name now, and parks until it replies.
  ///
  /// - Throws: What a call of a reference throws, `CallError.exited(.noProcess)` if no process has the name, and
  ///   ``NameError/wrongType(_:takes:asked:)``.
  @inlinable
  public func call<M: ~Copyable, Reply: ~Copyable>(
    named name: ProcessName<M>,
    timeout: Duration? = nil,
    _ request: (ReplyTo<Reply>) -> sending M
  ) throws -> sending Reply { try call(ref(of: name), timeout: timeout, request) }

  /// Monitors the process that has a name now; if none has, the news comes at once, with ``ExitReason/noProcess``.
  ///
  /// It monitors that process, and not others that get the name later.
  /// - Throws: ``NameError/wrongType(_:takes:asked:)``.
  @inlinable @discardableResult
  public func monitor<M: ~Copyable>(
    named name: ProcessName<M>,
    _ map: @escaping @Sendable (Down) -> Message
  ) throws(NameError) -> MonitorID { monitor(try ref(of: name), map) }
}

// SPDX-License-Identifier: Apache-2.0
//
// The protocol of servers: a state and the code that handles each message. Clients use `call` and `send`, as with any
// other process.

public import Joist

/// A long-lived process, written as its state and a handler for its messages.
///
/// A message that asks for an answer carries a `ReplyTo`, and its sender uses `call`. A server ends normally with
/// `try process.exit()`, and with an error by throwing it. All of its methods run in its process, one at a time. They
/// may wait, and the messages that arrive meanwhile stay in the mailbox.
///
/// If the server is `HeapTraceable`, its private heap is collected between its calls, and values that the server does
/// not refer to are freed.
///
/// A server is started as a ``Child`` of a supervisor, or with ``start(_:on:options:)``, ``start(_:from:options:)`` or
/// ``start(_:linkedTo:options:)``. ``startAndWait(_:from:timeout:options:)`` waits until it has started, and throws why
/// it has not.
///
/// The protocol requires `SendableMetatype`, so a conformance cannot be isolated to an actor.
public protocol Server<Message>: SendableMetatype {
  /// The type of the messages that the server receives.
  associatedtype Message

  /// Prepares the server before its first message; a supervisor starts the next child when it returns.
  ///
  /// If it throws, the server ends without `terminate`, and its supervisor treats it as not started. A server that is
  /// not needed throws ``StartIgnored``.
  mutating func start(in process: ProcessContext<Message>) throws

  /// Handles one message.
  mutating func handle(_ message: sending Message, in process: ProcessContext<Message>) throws

  /// Cleans up after the last message, when the server exits by itself, throws, is told to exit, or its parent ends.
  ///
  /// It is not called when the server is killed, and not after a crash of native code. The parent of a server is its
  /// supervisor, or the process that it was started linked to. In a server that was told to exit, every call of the
  /// context that may wait throws. A server that needs such calls here traps exits: an exit signal of its parent then
  /// becomes a message. When that message's turn comes, the server ends without handling it, and its calls here may
  /// wait.
  mutating func terminate(_ reason: ExitReason, in process: ProcessContext<Message>)

  /// Whether the server has work to do before the next message.
  ///
  /// It is read after `start`, after each message and after each timeout.
  var continues: Bool { get }

  /// Does work before the next message; called repeatedly while `continues` is true.
  ///
  /// Each call costs one reduction, so a server that continues forever uses its share of a core and no more.
  mutating func handleContinue(in process: ProcessContext<Message>) throws

  /// The time that the server waits for a message before `handleTimeout` is called; nil to wait forever.
  ///
  /// It is read before each wait, and each message ends the wait.
  var idleTimeout: Duration? { get }

  /// Handles a wait of `idleTimeout` during which no message arrived.
  mutating func handleTimeout(in process: ProcessContext<Message>) throws
}

extension Server {
  /// Does nothing.
  public mutating func start(in process: ProcessContext<Message>) throws {}
  /// Does nothing.
  public mutating func terminate(_ reason: ExitReason, in process: ProcessContext<Message>) {}
  /// False: there is no work before the next message.
  public var continues: Bool { false }
  /// Does nothing.
  public mutating func handleContinue(in process: ProcessContext<Message>) throws {}
  /// Nil: the server waits forever.
  public var idleTimeout: Duration? { nil }
  /// Does nothing.
  public mutating func handleTimeout(in process: ProcessContext<Message>) throws {}
}

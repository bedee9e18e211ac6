// SPDX-License-Identifier: Apache-2.0
//
// A server: state, and what it does with each message. `call` and `send` are its clients' side, as of any process.

public import Joist

/// A long-lived process, written as its state and a handler.
///
/// Whoever wants an answer puts a `ReplyTo` into the message and uses `call`. A server ends in good order with
/// `try process.exit()`, and with an error by throwing it. All of its methods run in its process, one at a time; they
/// may wait, and keep the messages waiting meanwhile.
///
/// A server that is `HeapTraceable` has its private heap collected between its calls: what it does not refer to is
/// freed.
///
/// The protocol asks for `SendableMetatype` so that no conformance belongs to an actor.
public protocol Server<Message>: SendableMetatype {
  /// What it is sent.
  associatedtype Message

  /// Before the first message; a supervisor goes on to the next child when it has returned.
  ///
  /// If it throws, the server ends without `terminate`, and under a supervisor it counts as not started.
  mutating func start(in process: ProcessContext<Message>) throws

  /// One message.
  mutating func handle(_ message: sending Message, in process: ProcessContext<Message>) throws

  /// After the last message: when it exits by itself, throws, was told to exit, or its parent ends.
  ///
  /// Not when it was killed, and not after a crash of native code. Of a server that was told to exit every call of the
  /// context that may wait throws. One that needs such calls here traps exits: the exit signal of its parent, which is
  /// its supervisor or the process that called `startLinked`, then ends it without that. It is called in the order of
  /// the mailbox, and the message that was made of that signal is not handled.
  mutating func terminate(_ reason: ExitReason, in process: ProcessContext<Message>)

  /// Whether there is something to do before the next message; looked at after `start` and after whatever it has
  /// handled.
  var continues: Bool { get }

  /// Does what is to be done before the next message, for as long as `continues` is true.
  ///
  /// Each time costs a reduction; so one that never ends uses up its share of a core and no more.
  mutating func handleContinue(in process: ProcessContext<Message>) throws

  /// How long it waits for a message before `handleTimeout`; nil for ever.
  ///
  /// It is looked at before each wait, which begins anew with each message.
  var idleTimeout: Duration? { get }

  /// No message has come for that long.
  mutating func handleTimeout(in process: ProcessContext<Message>) throws
}

extension Server {
  /// Nothing to do.
  public mutating func start(in process: ProcessContext<Message>) throws {}
  /// Nothing to do.
  public mutating func terminate(_ reason: ExitReason, in process: ProcessContext<Message>) {}
  /// No.
  public var continues: Bool { false }
  /// Nothing to do.
  public mutating func handleContinue(in process: ProcessContext<Message>) throws {}
  /// For ever.
  public var idleTimeout: Duration? { nil }
  /// Nothing to do.
  public mutating func handleTimeout(in process: ProcessContext<Message>) throws {}
}

// SPDX-License-Identifier: Apache-2.0
//
// The protocol of state machines: servers for which the effect of a message depends on a state with a name, after OTP's
// `gen_statem`.

public import Joist

/// A long-lived process for which the effect of a message depends on its state.
///
/// A door takes a code in one state and a push in another. A machine says for each state what a message does and which
/// state comes next, how long the state may last, and which messages have to wait for another one.
///
/// A machine is started as a ``Child`` of a supervisor, or with ``start(machine:on:options:)``,
/// ``start(machine:from:options:)`` or ``start(machine:linkedTo:options:)``. All of its methods run in its process, one
/// at a time, and the process ends as that of a ``Server`` does.
public protocol StateMachine<Message>: SendableMetatype {
  /// The states; what they have in common is better kept in properties of the machine.
  associatedtype State: Equatable & Sendable
  /// The type of the messages that the machine receives.
  associatedtype Message

  /// Prepares the machine before its first message, and returns its first state.
  ///
  /// If it throws, the machine ends without `terminate`, and its supervisor treats it as not started.
  mutating func start(in process: ProcessContext<Message>) throws -> State

  /// Whether a message has to wait until the state has changed.
  ///
  /// It is asked before each message is handled. Messages that wait are asked about again after each change of state,
  /// in the order in which they came, and before later ones. The function is static, because a message that the machine
  /// has seen could not be sent on.
  static func postpones(_ message: Message, in state: State) -> Bool

  /// Handles one message, and returns the state after it, which may be the same.
  mutating func handle(_ message: sending Message, in state: State, _ process: ProcessContext<Message>) throws -> State

  /// Does what belongs to the beginning of a state; called after each change, and for the first state.
  mutating func enter(_ state: State, from previous: State?, in process: ProcessContext<Message>) throws

  /// The time that a state may last before `handleTimeout` is called; nil if it may last forever.
  ///
  /// It is asked when the state begins, before `enter`. Messages that do not change the state do not prolong the time.
  func timeout(of state: State) -> Duration?

  /// Handles the end of the time that a state may last, and returns the state after it.
  ///
  /// If it is the same, no other timeout comes until the state has changed.
  mutating func handleTimeout(in state: State, _ process: ProcessContext<Message>) throws -> State

  /// Cleans up before the process ends, when ``Server/terminate(_:in:)`` of a server would be called.
  mutating func terminate(_ reason: ExitReason, in state: State, _ process: ProcessContext<Message>)
}

extension StateMachine {
  /// False: every message is handled at once.
  public static func postpones(_ message: Message, in state: State) -> Bool { false }
  /// Does nothing.
  public mutating func enter(_ state: State, from previous: State?, in process: ProcessContext<Message>) throws {}
  /// Nil: every state may last forever.
  public func timeout(of state: State) -> Duration? { nil }
  /// Stays in the state.
  public mutating func handleTimeout(in state: State, _ process: ProcessContext<Message>) throws -> State { state }
  /// Does nothing.
  public mutating func terminate(_ reason: ExitReason, in state: State, _ process: ProcessContext<Message>) {}
}

extension StateMachine {
  /// Starts a machine on a runtime, as a process that no other process owns, as ``Server/start(_:on:options:)`` does.
  @discardableResult
  public static func start(
    machine: sending Self,
    on runtime: ProcessRuntime,
    options: SpawnOptions = .init()
  ) -> ProcessRef<Message> { StateMachineServer.start(StateMachineServer(machine), on: runtime, options: options) }

  /// Starts a machine from a process, without a link, as ``Server/start(_:from:options:)`` does.
  @discardableResult
  public static func start<Starter: ~Copyable>(
    machine: sending Self,
    from process: ProcessContext<Starter>,
    options: SpawnOptions = .init()
  ) -> ProcessRef<Message> { StateMachineServer.start(StateMachineServer(machine), from: process, options: options) }

  /// Starts a machine that ends with a process, as ``Server/start(_:linkedTo:options:)`` does.
  @discardableResult
  public static func start<Parent: ~Copyable>(
    machine: sending Self,
    linkedTo process: ProcessContext<Parent>,
    options: SpawnOptions = .init()
  ) -> ProcessRef<Message> {
    StateMachineServer.start(StateMachineServer(machine), linkedTo: process, options: options)
  }
}

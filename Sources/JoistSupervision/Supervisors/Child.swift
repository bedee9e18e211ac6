// SPDX-License-Identifier: Apache-2.0
//
// The description of one child of a supervisor. A child is linked to its supervisor before it runs, and sends it a
// message when it has started. So the supervisor learns of every start and of every end, and of an end before a start.

public import Joist

/// A description of one child of a supervisor: how it is started, restarted and ended.
///
/// The child is made anew at each start, so the closure that makes it is `@Sendable`.
public struct Child: Sendable {
  /// The ends after which a child is restarted.
  public enum Restart: Sendable, Hashable {
    /// It is always restarted.
    case permanent
    /// It is restarted unless it ended in an orderly way: with `.normal`, `.shutdown` or `.shutdownBecause`.
    case transient
    /// It is never restarted, and its supervisor forgets it when it has ended.
    case temporary
  }

  /// The way in which a supervisor ends a child.
  public enum Shutdown: Sendable, Hashable {
    /// It is told to exit with `.shutdown`, and killed if it has not ended after the duration.
    case after(Duration)
    /// It is killed immediately.
    case kill
    /// It is told to exit with `.shutdown`, and never killed.
    case never
  }

  /// The child's name among the children of its supervisor.
  ///
  /// Its process is registered under a name only if its options contain one.
  public let name: String
  /// The ends after which it is restarted.
  public let restart: Restart
  /// The way in which its supervisor ends it.
  public let shutdown: Shutdown
  /// Whether its supervisor may end when this child has ended for good (``Supervisor/AutoShutdown``).
  public let isSignificant: Bool
  /// Whether the child is a supervisor.
  public let isSupervisor: Bool

  /// Creates the child's process, linked to the supervisor; the `Int` is the number of the start, from 1.
  let launch: @Sendable (ProcessContext<Supervisor.Message>, Int) throws(SpawnError) -> any ChildAddress

  /// Describes a child that runs a body; it has started when the body begins.
  public init<Message: ~Copyable>(
    _ name: String,
    _ type: Message.Type,
    restart: Restart = .permanent,
    shutdown: Shutdown = .after(.seconds(5)),
    isSignificant: Bool = false,
    options: SpawnOptions = .init(),
    _ body: @escaping @Sendable (ProcessContext<Message>) throws -> Void
  ) {
    self.init(name, restart, shutdown, isSignificant, isSupervisor: false, options) { process, _, started in
      started()
      try body(process)
    }
  }

  /// Describes a child that is a server; it has started when its `start` has returned.
  ///
  /// The server is made in its process at each start. An exit signal or the end of its supervisor ends it after
  /// `terminate`, even if it traps exits.
  public init<S: Server>(
    _ name: String,
    restart: Restart = .permanent,
    shutdown: Shutdown = .after(.seconds(5)),
    isSignificant: Bool = false,
    options: SpawnOptions = .init(),
    server make: @escaping @Sendable () throws -> S
  ) {
    self.init(name, restart, shutdown, isSignificant, isSupervisor: false, isServer: true, options) {
      (process: ProcessContext<S.Message>, _, started) in
      var loop = ServerLoop(server: try process.startUnlessIgnored { try make() })
      try loop.run(process, whenStarted: started)
    }
  }

  /// Describes a child that is a state machine; it has started when its first state has begun.
  ///
  /// The machine is made in its process at each start.
  public init<Machine: StateMachine>(
    _ name: String,
    restart: Restart = .permanent,
    shutdown: Shutdown = .after(.seconds(5)),
    isSignificant: Bool = false,
    options: SpawnOptions = .init(),
    machine make: @escaping @Sendable () throws -> Machine
  ) {
    self.init(
      name,
      restart: restart,
      shutdown: shutdown,
      isSignificant: isSignificant,
      options: options,
      server: { StateMachineServer(try make()) }
    )
  }

  /// Describes a child that is a supervisor; it has started when all its children have.
  ///
  /// By default it may take as long as it needs to end, because it has to end its own children first.
  public init(
    _ name: String,
    restart: Restart = .permanent,
    shutdown: Shutdown = .never,
    isSignificant: Bool = false,
    options: SpawnOptions = .init(),
    supervisor: Supervisor
  ) {
    self.init(name, restart, shutdown, isSignificant, plan: supervisor.plan, options)
  }

  /// Describes a child that is a dynamic supervisor, which has no children after a restart.
  public init(
    _ name: String,
    restart: Restart = .permanent,
    shutdown: Shutdown = .never,
    isSignificant: Bool = false,
    options: SpawnOptions = .init(),
    supervisor: DynamicSupervisor
  ) {
    self.init(name, restart, shutdown, isSignificant, plan: supervisor.plan, options)
  }

  private init(
    _ name: String,
    _ restart: Restart,
    _ shutdown: Shutdown,
    _ isSignificant: Bool,
    plan: SupervisorPlan,
    _ options: SpawnOptions
  ) {
    self.init(name, restart, shutdown, isSignificant, isSupervisor: true, options) { process, parent, started in
      try SupervisorLoop.run(plan, process, parent: parent, whenStarted: started)
    }
  }

  init<Message: ~Copyable>(
    _ name: String,
    _ restart: Restart,
    _ shutdown: Shutdown,
    _ isSignificant: Bool,
    isSupervisor: Bool,
    isServer: Bool = false,
    _ options: SpawnOptions,
    run: @escaping @Sendable (ProcessContext<Message>, ProcessID, () -> Void) throws -> Void
  ) {
    self.name = name
    self.restart = restart
    self.shutdown = shutdown
    self.isSignificant = isSignificant
    self.isSupervisor = isSupervisor
    launch = { supervisor, attempt throws(SpawnError) in
      let parent = supervisor.ref
      let body: @Sendable (ProcessContext<Message>) throws -> Void = { process in
        try run(process, parent.id) { parent.send(.init(.childStarted(process.id))) }
      }
      return try supervisor.trySpawnChild(
        Message.self,
        named: name,
        attempt: attempt,
        endsWithThis: isServer,
        options: options,
        body
      )
    }
  }
}

/// The ref of a child, without the type of its messages.
protocol ChildAddress: Sendable {
  var id: ProcessID { get }
  func exit(_ reason: ExitReason)
  func monitor(by supervisor: ProcessContext<Supervisor.Message>) -> MonitorID
  func unlink(from supervisor: ProcessContext<Supervisor.Message>)
}

extension ProcessRef: ChildAddress where Message: ~Copyable {
  func monitor(by supervisor: ProcessContext<Supervisor.Message>) -> MonitorID {
    supervisor.monitor(self) { .init(.down($0)) }
  }

  func unlink(from supervisor: ProcessContext<Supervisor.Message>) { supervisor.unlink(self) }
}

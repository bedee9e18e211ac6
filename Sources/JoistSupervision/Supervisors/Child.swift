// SPDX-License-Identifier: Apache-2.0
//
// One child of a supervisor: how it is made, started again and ended.
// SV4. A child is linked to its supervisor from before it runs, and says itself when it has started. So it has started
//      or it has ended, and the supervisor hears of either.

public import Joist

/// One child of a supervisor: how it is made, again and again, so what makes it is `@Sendable`.
public struct Child: Sendable {
  /// When it is started again.
  public enum Restart: Sendable, Hashable {
    /// Always.
    case permanent
    /// When it ended for another reason than `.normal` and `.shutdown`.
    case transient
    /// Never; and when it has ended it is no child any more.
    case temporary
  }

  /// How it is ended.
  public enum Shutdown: Sendable, Hashable {
    /// It is told `.shutdown`, and killed when it has not ended by then.
    case after(Duration)
    /// It is killed at once.
    case kill
    /// It is told `.shutdown`, and may take as long as it wants.
    case never
  }

  /// Names it among its supervisor's children.
  ///
  /// The process is registered only if its options have a name.
  public let name: String
  /// When it is started again.
  public let restart: Restart
  /// How it is ended.
  public let shutdown: Shutdown
  /// Whether its end, if it is not started again, may end its supervisor (``Supervisor/AutoShutdown``).
  public let isSignificant: Bool
  /// Whether it is a supervisor.
  public let isSupervisor: Bool

  /// Makes the process, linked to the supervisor (SV4); with the number of its start, 1 for the first.
  let launch: @Sendable (ProcessContext<Supervisor.Message>, Int) throws(SpawnError) -> any ChildAddress

  /// A body, run anew at each start; it has started when it begins.
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

  /// A server, made anew at each start, in its process; it has started when its `start` has returned.
  ///
  /// Its supervisor's exit signals and end stop it after `terminate`, also if it traps exits.
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
      var loop = ServerLoop(server: try make())
      try loop.run(process, whenStarted: started)
    }
  }

  /// A supervisor below this one; it has started when its children have.
  ///
  /// It is given as long as it wants to end, for it has children to end.
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

  /// A dynamic supervisor below this one; a restart has no children.
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

/// The address of a child, whatever its messages are.
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

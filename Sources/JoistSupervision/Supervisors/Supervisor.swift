// SPDX-License-Identifier: Apache-2.0
//
// What a supervisor is to do, and how it is started.

public import Joist

/// Starts children, in order, and starts them again when they end; ends them in reverse order.
///
/// A description: each `start` makes a process of it. Children are linked to that process, so they never outlive it,
/// however it ends.
public struct Supervisor: Sendable {
  /// Who is started again with the one that ended.
  public enum Strategy: Sendable, Hashable {
    /// Nobody.
    case oneForOne
    /// Everybody: the others are ended in reverse order, then all are started.
    case oneForAll
    /// Those that were started after it.
    case restForOne
  }

  /// Whether it ends, with reason `.shutdown`, when significant children have ended and are not started again.
  public enum AutoShutdown: Sendable, Hashable {
    /// It does not.
    case never
    /// With the first of them.
    case anySignificant
    /// With the last of them.
    case allSignificant
  }

  let plan: SupervisorPlan

  /// Describes a supervisor.
  ///
  /// After more than `intensity` restarts within `window` it ends its children and itself, with ``TooManyRestarts``.
  /// Negative figures stop the program with a sentence.
  public init(
    _ strategy: Strategy,
    intensity: Int = 3,
    within window: Duration = .seconds(5),
    backoff: Backoff = .none,
    autoShutdown: AutoShutdown = .never,
    @ChildBuilder _ children: () -> [Child]
  ) {
    let rules = RestartRules(strategy, intensity: intensity, window: window, autoShutdown: autoShutdown)
    plan = SupervisorPlan(rules, backoff, children())
  }

  private init(plan: SupervisorPlan) { self.plan = plan }

  /// With a clock of the caller's.
  package func with(clock: @escaping @Sendable () -> ContinuousClock.Instant) -> Supervisor {
    Supervisor(plan: plan.with(clock))
  }

  /// Starts it from a plain thread, which sleeps until all children have started.
  ///
  /// Throws a ``SupervisorError`` that names the child that did not start, and a `SpawnError` when no process can be
  /// made. Inside a process use ``start(linkedTo:options:)``.
  @available(*, noasync, message: "use `try await start(on:)`, which does not hold the thread")
  @discardableResult
  public func start(on runtime: ProcessRuntime, options: SpawnOptions = .init()) throws -> SupervisorRef {
    try plan.start(on: runtime, options)
  }

  /// As above, from `async` code.
  @discardableResult
  public func start(on runtime: ProcessRuntime, options: SpawnOptions = .init()) async throws -> SupervisorRef {
    try await plan.start(on: runtime, options)
  }

  /// Starts it from a process and links it with that: it ends when the process does, whatever the reason.
  ///
  /// Waits until all children have started.
  /// Throws as ``start(on:options:)`` does; the process is not told to exit then.
  @discardableResult
  public func start<Message: ~Copyable>(
    linkedTo process: ProcessContext<Message>,
    options: SpawnOptions = .init()
  ) throws -> SupervisorRef {
    try plan.start(linkedTo: process, options)
  }
}

/// The address of a supervisor, static or dynamic.
///
/// It can be monitored, linked, joined and told to exit like any other process. What it can be asked is in
/// ``Supervisor/Message``.
public typealias SupervisorRef = ProcessRef<Supervisor.Message>

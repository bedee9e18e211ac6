// SPDX-License-Identifier: Apache-2.0
//
// The description of a supervisor with a fixed list of children, and the ways to start it.

public import Joist

/// A process that starts children in order, restarts them when they end, and ends them in reverse order.
///
/// A value of this type is a description; each `start` makes a process of it. The children are linked to that process,
/// so none of them outlives it, however it ends.
public struct Supervisor: Sendable {
  /// The children that are restarted when one child has ended.
  public enum Strategy: Sendable, Hashable {
    /// Only the child that ended.
    case oneForOne
    /// All children: the others are ended in reverse order, then all are started.
    case oneForAll
    /// The child that ended and those that were started after it.
    case restForOne
  }

  /// Whether the supervisor ends, with the reason `.shutdown`, when significant children have ended for good.
  public enum AutoShutdown: Sendable, Hashable {
    /// It does not.
    case never
    /// It ends with the first significant child.
    case anySignificant
    /// It ends with the last significant child.
    case allSignificant
  }

  let plan: SupervisorPlan

  /// Describes a supervisor.
  ///
  /// If more than `intensity` restarts happen within `window`, the supervisor ends its children, and then itself with
  /// ``TooManyRestarts``. A negative intensity, a window that is not longer than zero, and a backoff out of range fail
  /// a precondition.
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

  /// Returns the same supervisor with another clock.
  package func with(clock: @escaping @Sendable () -> ContinuousClock.Instant) -> Supervisor {
    Supervisor(plan: plan.with(clock))
  }

  /// Starts the supervisor on a runtime, as a process that no other process owns, and waits for its children to start.
  ///
  /// Blocks the calling thread until all children have started. In a process use ``start(linkedTo:options:)``.
  ///
  /// - Throws: A ``SupervisorError`` that names the child that did not start, or a `SpawnError` if the supervisor's
  ///   process cannot be created.
  @available(*, noasync, message: "use `try await start(on:)`, which does not hold the thread")
  @discardableResult
  public func start(on runtime: ProcessRuntime, options: SpawnOptions = .init()) throws -> SupervisorRef {
    try plan.start(on: runtime, options)
  }

  /// Starts the supervisor on a runtime from `async` code, and awaits the start of its children.
  ///
  /// - Throws: A ``SupervisorError`` that names the child that did not start, or a `SpawnError` if the supervisor's
  ///   process cannot be created.
  @discardableResult
  public func start(on runtime: ProcessRuntime, options: SpawnOptions = .init()) async throws -> SupervisorRef {
    try await plan.start(on: runtime, options)
  }

  /// Starts the supervisor from a process, links the two, and waits for its children to start.
  ///
  /// The supervisor ends when the process ends, whatever the reason.
  ///
  /// - Throws: A ``SupervisorError`` that names the child that did not start, or a `SpawnError` if the supervisor's
  ///   process cannot be created. A failed start does not tell the process to exit.
  @discardableResult
  public func start<Message: ~Copyable>(
    linkedTo process: ProcessContext<Message>,
    options: SpawnOptions = .init()
  ) throws -> SupervisorRef {
    try plan.start(linkedTo: process, options)
  }
}

/// The ref of a supervisor, static or dynamic.
///
/// It can be monitored, linked, joined and told to exit like any other process. ``Supervisor/Message`` lists its
/// requests.
public typealias SupervisorRef = ProcessRef<Supervisor.Message>

// SPDX-License-Identifier: Apache-2.0
//
// The description of a supervisor whose children are started and ended at run time.

public import Joist

/// A supervisor that begins without children and starts and ends each of them on request.
///
/// Its strategy is one-for-one. Several children may have the same name. It forgets a child that has ended and is not
/// restarted. It starts and ends children without waiting for any of them, and when it ends, it ends all of them at the
/// same time. Of the requests in ``Supervisor/Message`` it takes `startChild`, `terminateChild`, `children` and
/// `count`.
public struct DynamicSupervisor: Sendable {
  let plan: SupervisorPlan

  /// Describes a dynamic supervisor.
  ///
  /// If more than `intensity` restarts happen within `window`, the supervisor ends its children, and then itself with
  /// ``TooManyRestarts``. A negative intensity, a window that is not longer than zero, and a backoff out of range fail
  /// a precondition. Requests to start more children than `maximum` are refused; nil means no limit.
  public init(
    intensity: Int = 3,
    within window: Duration = .seconds(5),
    backoff: Backoff = .none,
    maximum: Int? = nil
  ) {
    var plan = SupervisorPlan(RestartRules(intensity: intensity, window: window), backoff, [])
    plan.isDynamic = true
    plan.maximum = maximum ?? .max
    self.plan = plan
  }

  private init(plan: SupervisorPlan) { self.plan = plan }

  /// Returns the same supervisor with another clock.
  package func with(clock: @escaping @Sendable () -> ContinuousClock.Instant) -> DynamicSupervisor {
    DynamicSupervisor(plan: plan.with(clock))
  }

  /// Starts the supervisor on a runtime, as a process that no other process owns.
  ///
  /// Blocks the calling thread until the supervisor has started. In a process use ``start(linkedTo:options:)``.
  ///
  /// - Throws: A `SpawnError` if the supervisor's process cannot be created, or a ``SupervisorError`` if it ends while
  ///   it starts.
  @available(*, noasync, message: "use `try await start(on:)`, which does not hold the thread")
  @discardableResult
  public func start(on runtime: ProcessRuntime, options: SpawnOptions = .init()) throws -> SupervisorRef {
    try plan.start(on: runtime, options)
  }

  /// Starts the supervisor on a runtime from `async` code, and awaits its start.
  ///
  /// - Throws: A `SpawnError` if the supervisor's process cannot be created, or a ``SupervisorError`` if it ends while
  ///   it starts.
  @discardableResult
  public func start(on runtime: ProcessRuntime, options: SpawnOptions = .init()) async throws -> SupervisorRef {
    try await plan.start(on: runtime, options)
  }

  /// Starts the supervisor from a process, links the two, and waits until it has started.
  ///
  /// The supervisor ends when the process ends, whatever the reason.
  ///
  /// - Throws: A `SpawnError` if the supervisor's process cannot be created, or a ``SupervisorError`` if it ends while
  ///   it starts. A failed start does not tell the process to exit.
  @discardableResult
  public func start<Message: ~Copyable>(
    linkedTo process: ProcessContext<Message>,
    options: SpawnOptions = .init()
  ) throws -> SupervisorRef {
    try plan.start(linkedTo: process, options)
  }
}

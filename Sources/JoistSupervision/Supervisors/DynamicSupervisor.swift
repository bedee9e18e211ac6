// SPDX-License-Identifier: Apache-2.0
//
// A supervisor whose children come and go at run time.

public import Joist

/// A supervisor without children at first; they are started and ended at run time, each on its own.
///
/// Its strategy is one-for-one. Names of children may be equal, and it forgets a child that has ended and is not
/// started again. It ends its children all at the same time. Starting and ending one does not keep it from others.
/// What it can be asked is in ``Supervisor/Message``: `startChild`, `terminateChild`, `children`, `count`.
public struct DynamicSupervisor: Sendable {
  let plan: SupervisorPlan

  /// Describes a dynamic supervisor; with a maximum it refuses children beyond it.
  ///
  /// Negative figures stop the program with a sentence.
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

  /// With a clock of the caller's.
  package func with(clock: @escaping @Sendable () -> ContinuousClock.Instant) -> DynamicSupervisor {
    DynamicSupervisor(plan: plan.with(clock))
  }

  /// As ``Supervisor/start(on:options:)``.
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

  /// As ``Supervisor/start(linkedTo:options:)``.
  @discardableResult
  public func start<Message: ~Copyable>(
    linkedTo process: ProcessContext<Message>,
    options: SpawnOptions = .init()
  ) throws -> SupervisorRef {
    try plan.start(linkedTo: process, options)
  }
}

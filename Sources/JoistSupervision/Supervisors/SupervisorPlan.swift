// SPDX-License-Identifier: Apache-2.0
//
// The common part of the descriptions of static and dynamic supervisors, and the three ways to start one.
//
// The caller that starts a supervisor sends it an `awaitStart` request, which is answered when all children have
// started. A supervisor that fails to start records why in a `StartOutcome`, cuts the link to its parent and ends. The
// request then fails, also if the supervisor ended before the request was sent, and the caller reads the outcome.

import Joist
import Synchronization

/// The description of a supervisor, static or dynamic.
struct SupervisorPlan: Sendable {
  var rules: RestartRules
  var backoff: Backoff
  var children: [Child]
  var isDynamic = false
  var maximum = Int.max
  /// The clock; only differences between its times matter.
  var clock: @Sendable () -> ContinuousClock.Instant = { .now }

  init(_ rules: RestartRules, _ backoff: Backoff, _ children: [Child]) {
    precondition(rules.intensity >= 0, "Supervisor: the intensity must be at least zero")
    precondition(rules.window > .zero, "Supervisor: the window must be longer than zero")
    backoff.check()
    self.rules = rules
    self.backoff = backoff
    self.children = children
  }

  /// Returns the same plan with another clock.
  func with(_ clock: @escaping @Sendable () -> ContinuousClock.Instant) -> SupervisorPlan {
    var plan = self
    plan.clock = clock
    return plan
  }

  /// Throws if two children have the same name, or if a child does not fit the supervisor.
  func check() throws(SupervisorError) {
    var names: Set<String> = []
    for child in children {
      guard names.insert(child.name).inserted else { throw .duplicateChild(child.name) }
      if let error = obstacle(to: child) { throw error }
    }
  }

  /// Returns why this supervisor cannot have such a child, regardless of its other children; nil if it can.
  func obstacle(to child: Child) -> SupervisorError? {
    guard child.isSignificant else { return nil }
    if child.restart == .permanent { return .permanentIsSignificant(child.name) }
    return rules.autoShutdown == .never ? .significantWithoutAutoShutdown(child.name) : nil
  }

  /// Returns the body of the supervisor's process, which records in `outcome` whether the supervisor started.
  private func body(
    _ outcome: StartOutcome,
    parent: ProcessID? = nil,
    link: @escaping @Sendable (ProcessContext<Supervisor.Message>) throws -> Void = { _ in },
    unlink: @escaping @Sendable (ProcessContext<Supervisor.Message>) -> Void = { _ in }
  ) -> @Sendable (ProcessContext<Supervisor.Message>) throws -> Void {
    { process in
      do {
        try SupervisorLoop.run(self, process, parent: parent, link: link) { outcome.note(.success(())) }
      } catch {
        // The parent learns of a failed start from `outcome`, and must not be told to exit.
        if outcome.note(.failure(error)) { unlink(process) }
        throw error
      }
    }
  }

  /// Starts the supervisor and blocks the calling thread until its children have started.
  func start(on runtime: ProcessRuntime, _ options: SpawnOptions) throws -> SupervisorRef {
    try check()
    let outcome = StartOutcome()
    let ref = try runtime.trySpawn(Supervisor.Message.self, options: options, body(outcome))
    do throws(CallError) {
      try ref.callBlocking { .init(.awaitStart($0)) }
    } catch {
      try outcome.settle(error)
    }
    return ref
  }

  /// Starts the supervisor and awaits the start of its children.
  func start(on runtime: ProcessRuntime, _ options: SpawnOptions) async throws -> SupervisorRef {
    try check()
    let outcome = StartOutcome()
    let ref = try runtime.trySpawn(Supervisor.Message.self, options: options, body(outcome))
    do {
      try await ref.call { .init(.awaitStart($0)) }
    } catch let error as CallError {
      try outcome.settle(error)
    }
    return ref
  }

  /// Starts the supervisor linked to a process, which waits until the children have started.
  func start<Message: ~Copyable>(
    linkedTo process: ProcessContext<Message>,
    _ options: SpawnOptions
  ) throws -> SupervisorRef {
    try check()
    let (parent, outcome) = (process.ref, StartOutcome())
    let body = body(outcome, parent: parent.id, link: { try $0.link(parent) }, unlink: { $0.unlink(parent) })
    let ref = try process.trySpawn(Supervisor.Message.self, options: options, body)
    do {
      try process.call(ref) { .init(.awaitStart($0)) }
    } catch let error as CallError {
      try outcome.settle(error)
    }
    return ref
  }
}

/// The outcome of a start, for a caller whose request reaches the supervisor too late.
private final class StartOutcome: Sendable {
  private let result = Mutex<Result<Void, any Error>?>(nil)

  /// Records the outcome if none is recorded yet, and returns whether it did.
  @discardableResult
  func note(_ outcome: Result<Void, any Error>) -> Bool {
    result.withLock { result in
      if case .some = result { return false }
      result = outcome
      return true
    }
  }

  /// Throws the reason why the supervisor did not start; returns if it has started and has ended since.
  func settle(_ error: CallError) throws {
    switch result.withLock({ $0 }) {
    case .success: return
    case .failure(let cause as SupervisorError): throw cause
    case .failure(let exit as ProcessExit): throw SupervisorError.ended(exit.reason)
    case .failure(let cause): throw SupervisorError.ended(.error(cause))
    case nil:
      guard case .exited(let reason) = error else { throw error }
      throw SupervisorError.ended(reason)
    }
  }
}

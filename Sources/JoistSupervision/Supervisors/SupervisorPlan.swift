// SPDX-License-Identifier: Apache-2.0
//
// A supervisor before it is a process: what both kinds have, and the ways to start it.
// SV5. Whoever starts a supervisor asks it whether it has started; the answer comes when all children have. One that
//      fails to start notes why, cuts the link to its parent and ends, which ends the question; it may do so before it
//      is asked.

import Joist
import Synchronization

struct SupervisorPlan: Sendable {
  var rules: RestartRules
  var backoff: Backoff
  var children: [Child]
  var isDynamic = false
  var maximum = Int.max
  /// Only differences matter.
  var clock: @Sendable () -> ContinuousClock.Instant = { .now }

  init(_ rules: RestartRules, _ backoff: Backoff, _ children: [Child]) {
    precondition(rules.intensity >= 0, "Supervisor: the intensity is zero or more restarts")
    precondition(rules.window > .zero, "Supervisor: the window is longer than zero")
    backoff.check()
    self.rules = rules
    self.backoff = backoff
    self.children = children
  }

  func with(_ clock: @escaping @Sendable () -> ContinuousClock.Instant) -> SupervisorPlan {
    var plan = self
    plan.clock = clock
    return plan
  }

  /// Throws where children cannot be told apart or do not fit together.
  func check() throws(SupervisorError) {
    var names: Set<String> = []
    for child in children {
      guard names.insert(child.name).inserted else { throw .duplicateChild(child.name) }
      if let error = obstacle(to: child) { throw error }
    }
  }

  /// Returns why this supervisor cannot have such a child, whatever other children it has.
  func obstacle(to child: Child) -> SupervisorError? {
    guard child.isSignificant else { return nil }
    if child.restart == .permanent { return .permanentIsSignificant(child.name) }
    return rules.autoShutdown == .never ? .significantWithoutAutoShutdown(child.name) : nil
  }

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
        if outcome.note(.failure(error)) { unlink(process) }  // SV5
        throw error
      }
    }
  }

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

/// How a start went, for one who asks too late (SV5).
private final class StartOutcome: Sendable {
  private let result = Mutex<Result<Void, any Error>?>(nil)

  /// The first counts; whether this is it.
  @discardableResult
  func note(_ outcome: Result<Void, any Error>) -> Bool {
    result.withLock { result in
      if case .some = result { return false }
      result = outcome
      return true
    }
  }

  /// Throws why the supervisor did not start; nothing if it has started, and ended since.
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

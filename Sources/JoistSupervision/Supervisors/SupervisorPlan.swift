// SPDX-License-Identifier: Apache-2.0
//
// A supervisor before it is a process: what both kinds have, and the ways to start it.
// SV5. Whoever starts a supervisor asks it whether it has started; the answer comes when all children have. One that
//      fails to start ends for that reason, which ends the question. It has cut the link to its parent by then.

import Joist

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
      if child.isSignificant && child.restart == .permanent { throw .permanentIsSignificant(child.name) }
    }
  }

  private func body(
    parent: ProcessID?,
    link: @escaping @Sendable (ProcessContext<Supervisor.Message>) throws -> Void = { _ in },
    unlink: @escaping @Sendable (ProcessContext<Supervisor.Message>) -> Void = { _ in }
  ) -> @Sendable (ProcessContext<Supervisor.Message>) throws -> Void {
    { process in
      var hasStarted = false
      do {
        try SupervisorLoop.run(self, process, parent: parent, link: link) { hasStarted = true }
      } catch {
        if !hasStarted { unlink(process) }  // SV5
        throw error
      }
    }
  }

  func start(on runtime: ProcessRuntime, _ options: SpawnOptions) throws -> SupervisorRef {
    try check()
    let ref = try runtime.trySpawn(Supervisor.Message.self, options: options, body(parent: nil))
    do throws(CallError) {
      try ref.callBlocking { .init(.awaitStart($0)) }
    } catch {
      throw Self.failure(error)
    }
    return ref
  }

  func start(on runtime: ProcessRuntime, _ options: SpawnOptions) async throws -> SupervisorRef {
    try check()
    let ref = try runtime.trySpawn(Supervisor.Message.self, options: options, body(parent: nil))
    do {
      try await ref.call { .init(.awaitStart($0)) }
    } catch let error as CallError {
      throw Self.failure(error)
    }
    return ref
  }

  func start<Message: ~Copyable>(
    linkedTo process: ProcessContext<Message>,
    _ options: SpawnOptions
  ) throws -> SupervisorRef {
    try check()
    let parent = process.ref
    let body = body(parent: parent.id, link: { try $0.link(parent) }, unlink: { $0.unlink(parent) })
    let ref = try process.trySpawn(Supervisor.Message.self, options: options, body)
    do {
      try process.call(ref) { .init(.awaitStart($0)) }
    } catch let error as CallError {
      throw Self.failure(error)
    }
    return ref
  }

  private static func failure(_ error: CallError) -> any Error {
    guard case .exited(let reason) = error else { return error }
    if case .error(let cause as SupervisorError) = reason { return cause }
    return SupervisorError.ended(reason)
  }
}

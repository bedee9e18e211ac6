// SPDX-License-Identifier: Apache-2.0
//
// A runtime on simulated time, and children that say what happens to them.

import Joist
import JoistSupervision
import Synchronization
import TestSupport

struct Failure: Error {}

/// What a process has found out, for the test.
final class Found<Value: Sendable>: Sendable {
  private let result = Mutex<Result<Value, any Error>?>(nil)
  func set(_ body: () throws -> Value) { result.withLock { $0 = Result { try body() } } }
  /// Throws what the process threw, or that it has found nothing.
  func get() throws -> Value { try result.withLock { $0 }.map { try $0.get() } ?? { throw Missing() }() }
  struct Missing: Error {}
}

struct Stage {
  let simulation: HandDriven
  let log = Log<String>()
  var runtime: ProcessRuntime { simulation.runtime }

  init() throws { simulation = try HandDriven() }

  /// The simulated time.
  var clock: @Sendable () -> ContinuousClock.Instant {
    let (platform, origin) = (simulation.platform, Self.origin)
    return { origin + .nanoseconds(platform.now()) }
  }
  private static let origin = ContinuousClock.now

  /// Goes on without a time that passes.
  func settle() { simulation.run(passingTime: false) }

  /// Lets time pass.
  func pass(_ time: Duration) { simulation.pass(nanoseconds: Int64(time / .nanoseconds(1))) }

  /// What a process finds out without time passing.
  func inProcess<Value: Sendable>(
    _ body: @escaping @Sendable (ProcessContext<Int>) throws -> Value
  ) throws -> Value {
    let found = Found<Value>()
    runtime.spawn(Int.self) { process in found.set { try body(process) } }
    settle()
    return try found.get()
  }

  /// Starts a supervisor from a process that lives on; its end is logged.
  @discardableResult
  func start(_ supervisor: Supervisor) throws -> SupervisorRef {
    let supervisor = supervisor.with(clock: clock)
    return try start { try supervisor.start(linkedTo: $0) }
  }

  @discardableResult
  func start(_ supervisor: DynamicSupervisor) throws -> SupervisorRef {
    let supervisor = supervisor.with(clock: clock)
    return try start { try supervisor.start(linkedTo: $0) }
  }

  private func start(
    _ start: @escaping @Sendable (ProcessContext<Int>) throws -> SupervisorRef
  ) throws -> SupervisorRef {
    let found = Found<SupervisorRef>()
    runtime.spawn(Int.self) { [log] process in
      process.trapExits { signal in
        log.add("top: \(signal.reason)")
        return 0
      }
      found.set { try start(process) }
      _ = try process.receive()
    }
    settle()
    return try found.get()
  }

  /// A child that says when it starts and ends, and ends for the reason that it is sent.
  func worker(
    _ name: String,
    restart: Child.Restart = .permanent,
    shutdown: Child.Shutdown = .after(.seconds(5)),
    isSignificant: Bool = false,
    options: SpawnOptions = .init()
  ) -> Child {
    Child(
      name,
      ExitReason.self,
      restart: restart,
      shutdown: shutdown,
      isSignificant: isSignificant,
      options: options
    ) { [log] process in
      log.add("+" + name)
      defer { log.add("-" + name) }
      try process.exit(try process.receive())
    }
  }

  func children(of supervisor: SupervisorRef) throws -> [ChildInfo] {
    try inProcess { try $0.call(supervisor) { .children($0) } }
  }

  func child(_ name: String, of supervisor: SupervisorRef) throws -> ChildInfo? {
    try children(of: supervisor).first { $0.name == name }
  }

  /// Has a child end, and forgets what was logged before.
  func end(_ name: String, of supervisor: SupervisorRef, _ reason: ExitReason = .error(Failure())) throws {
    let ref = try child(name, of: supervisor)?.ref(as: ExitReason.self)
    log.clear()
    guard let ref else { throw Found<Int>.Missing() }
    ref.send(reason)
    settle()
  }
}

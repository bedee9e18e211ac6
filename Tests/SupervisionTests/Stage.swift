// SPDX-License-Identifier: Apache-2.0
//
// The stage of these tests: a runtime on simulated time, and children that log their starts and ends.

import Joist
import JoistSupervision
import Synchronization
import TestSupport

struct Failure: Error {}

/// The result of code that a process runs for a test.
final class Found<Value: Sendable>: Sendable {
  private let result = Mutex<Result<Value, any Error>?>(nil)
  func set(_ body: () throws -> Value) { result.withLock { $0 = Result { try body() } } }
  /// Returns the result; throws the error of the process, or `Missing` if there is no result.
  func get() throws -> Value { try result.withLock { $0 }.map { try $0.get() } ?? { throw Missing() }() }
  struct Missing: Error {}
}

/// A simulated runtime with a log, and helpers that start and inspect supervisors on it.
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

  /// Runs until all processes wait, without advancing the time.
  func settle() { simulation.run(passingTime: false) }

  /// Runs while the simulated time advances by `time`.
  func pass(_ time: Duration) { simulation.pass(nanoseconds: Int64(time / .nanoseconds(1))) }

  /// Runs the body in a new process without advancing the time, and returns its result.
  func inProcess<Value: Sendable>(
    _ body: @escaping @Sendable (ProcessContext<Int>) throws -> Value
  ) throws -> Value {
    let found = Found<Value>()
    runtime.spawn(Int.self) { process in found.set { try body(process) } }
    settle()
    return try found.get()
  }

  /// Starts a supervisor linked to a process that traps exits and logs the end of the supervisor.
  @discardableResult
  func start(_ supervisor: Supervisor) throws -> SupervisorRef {
    let supervisor = supervisor.with(clock: clock)
    return try start { try supervisor.start(linkedTo: $0) }
  }

  /// Starts a dynamic supervisor as `start` does a static one.
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

  /// Returns a child that logs its start and end, and ends for the reason that it is sent.
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

  /// Returns the children of a supervisor.
  func children(of supervisor: SupervisorRef) throws -> [ChildInfo] {
    try inProcess { try $0.call(supervisor) { .children($0) } }
  }

  /// Returns the child of that name, or nil if there is none.
  func child(_ name: String, of supervisor: SupervisorRef) throws -> ChildInfo? {
    try children(of: supervisor).first { $0.name == name }
  }

  /// Clears the log, then ends a child for the reason.
  func end(_ name: String, of supervisor: SupervisorRef, _ reason: ExitReason = .error(Failure())) throws {
    let ref = try child(name, of: supervisor)?.ref(as: ExitReason.self)
    log.clear()
    guard let ref else { throw Found<Int>.Missing() }
    ref.send(reason)
    settle()
  }
}

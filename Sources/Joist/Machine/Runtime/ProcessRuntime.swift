// SPDX-License-Identifier: Apache-2.0
//
// The public face of a runtime.

import CJoist
import Synchronization

/// Schedulers and the processes on them.
///
/// Not a singleton: a program may have several.
///
/// Dropping the last reference asks for a shutdown and does not wait for it.
public final class ProcessRuntime: Sendable {
  @usableFromInline let core: Handle<RuntimeCore>

  /// Starts the schedulers, one thread a core unless the configuration says otherwise.
  ///
  /// Throws a ``ConfigurationError`` for figures out of range, naming the field, and a ``ResourceError`` when the
  /// machine does not give what is needed.
  public convenience init(_ configuration: Configuration = .init()) throws {
    try self.init(configuration, platform: HostPlatform.shared)
  }

  /// On a platform of the caller's.
  package init(_ configuration: Configuration, platform: any Platform) throws {
    var configuration = configuration
    configuration.schedulers = configuration.schedulers ?? platform.usefulSchedulers
    try configuration.validate()
    ForkedChild.refuse("a runtime was made")
    prepareForCrashes()
    ForkedChild.watch()
    if configuration.onTrap == .contain { joist_faults_prepare() }
    let core = try RuntimePool.take(configuration, platform)
    do { try core.startThreads() } catch {
      _ = core.shutDown(deadline: .zero)
      RuntimePool.keep(core)
      throw error
    }
    self.core = core
  }

  deinit {
    if core.it.ending.isComplete { return RuntimePool.keep(core) }
    core.shutDownElsewhere(RuntimeShutdown.Order(deadline: .seconds(5), runtime: nil))
  }
}

// MARK: - Spawning

extension ProcessRuntime {
  @usableFromInline
  func make(_ request: SpawnRequest) throws(SpawnError) -> Spawned { try core.spawn(request) }

  /// Makes a process; what the body captures moves into it.
  ///
  /// At the limit, or after `shutdown`, the ref is of a process that is dead already; `trySpawn` says so.
  @inlinable @discardableResult
  public func spawn<M: ~Copyable>(
    _ type: M.Type,
    options: SpawnOptions = .init(),
    _ body: sending @escaping (ProcessContext<M>) throws -> Void
  ) -> ProcessRef<M> {
    ProcessRef(try? make(SpawnRequest(options, body)))
  }

  /// Makes a process without a mailbox.
  @inlinable @discardableResult
  public func spawn(
    options: SpawnOptions = .init(),
    _ body: sending @escaping (ProcessContext<Never>) throws -> Void
  ) -> ProcessRef<Never> {
    ProcessRef(try? make(SpawnRequest(options, body)))
  }

  /// As `spawn`, but throws a ``SpawnError`` where no process can be made: at the limit, while the runtime shuts down,
  /// for options out of range.
  ///
  /// Nothing half-made remains then, and the body is destroyed.
  @inlinable @discardableResult
  public func trySpawn<M: ~Copyable>(
    _ type: M.Type,
    options: SpawnOptions = .init(),
    _ body: sending @escaping (ProcessContext<M>) throws -> Void
  ) throws(SpawnError) -> ProcessRef<M> {
    ProcessRef(try make(SpawnRequest(options, body)))
  }
}

// MARK: - Idle and end

extension ProcessRuntime {
  /// Waits until nothing can run without something from outside: nothing ready or running, no `blocking`, no wait with
  /// an end.
  ///
  /// Receivers without a timeout are idle, and so is a runtime that was shut down. Blocks the thread: a process that
  /// calls it ends with a sentence, and so does one in whose `blocking` closure its own runtime is waited for. The idle
  /// state of another runtime may be waited for there.
  @available(*, noasync, message: "use `await runtime.waitUntilIdle()`, which does not hold the thread")
  public func waitUntilIdle() { _ = wait(until: nil) }

  /// As above, for so long at most; false when it is not idle by then.
  @available(*, noasync, message: "use `await runtime.waitUntilIdle(timeout:)`, which does not hold the thread")
  public func waitUntilIdle(timeout: Duration) -> Bool { wait(until: core.deadline(after: timeout)) }

  private func wait(until deadline: Int64?) -> Bool {
    if let scheduler = Scheduler.current {
      guard scheduler.it.runtime != core else {
        fatalError("Joist: a process cannot wait until its runtime is idle: it runs itself")
      }
      fatalError("Joist: a process cannot sleep in `waitUntilIdle`: wait for another runtime in `process.blocking`")
    }
    if isWaitedForHere {
      fatalError("Joist: a `blocking` closure cannot wait until its runtime is idle: its process waits for it")
    }
    ForkedChild.refuse("a runtime was waited for")
    return core.it.idleness.wait(core, until: deadline)
  }

  /// Tells every process to exit, waits for them until the deadline, kills the rest, and stops the schedulers.
  ///
  /// Returns those that outlived it: they never reached a suspension point, and their threads go on for nobody. Killed
  /// processes have a fifth of a second after the deadline. From a process, of whatever runtime, and from a `blocking`
  /// closure of its own processes it only asks, and returns an empty list at once. A second call waits for the first,
  /// whose deadline holds, and returns what that did.
  @available(*, noasync, message: "use `await runtime.shutdown(deadline:)`, which does not hold the thread")
  @discardableResult
  public func shutdown(deadline: Duration = .seconds(5)) -> [ProcessID] {
    ForkedChild.refuse("a runtime was shut down")
    if Scheduler.current == nil && !isWaitedForHere { return core.shutDown(deadline: deadline) }
    core.shutDownElsewhere(RuntimeShutdown.Order(deadline: deadline, runtime: self))
    return []
  }

  /// Whether this thread runs a `blocking` closure of one of this runtime's processes.
  private var isWaitedForHere: Bool { ProcessHandle.waitingForThisThread?.home == core }

  /// What the runtime has counted.
  public var statistics: RuntimeStatistics { core.statistics }

  /// The processes that live, by number.
  public var processes: [ProcessID] { core.it.liveProcesses }

  /// How many schedulers have threads of their own from the start.
  public var schedulerCount: Int { core.it.regularCount }
}

// SPDX-License-Identifier: Apache-2.0
//
// The public face of a runtime.

import CJoist
import Synchronization

/// A set of schedulers and the processes that run on them.
///
/// A program may have several runtimes; there is no shared one. Dropping the last reference asks for a shutdown, and
/// does not wait for it.
public final class ProcessRuntime: Sendable {
  @usableFromInline let core: Handle<RuntimeCore>

  /// Makes a runtime and starts its scheduler threads.
  ///
  /// - Parameter configuration: The settings; by default there is one scheduler per core.
  /// - Throws: ``ConfigurationError`` for a setting out of range, or ``ResourceError`` if the system does not provide
  ///   the addresses, memory or threads.
  public convenience init(_ configuration: Configuration = .init()) throws {
    try self.init(configuration, platform: HostPlatform.shared)
  }

  /// Makes a runtime on the given platform.
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
    if core.it.shutdown.isComplete { return RuntimePool.keep(core) }
    core.shutDownElsewhere(RuntimeShutdown.Order(deadline: .seconds(5), runtime: nil))
  }
}

extension ProcessRuntime {
  /// Whether a shutdown has begun, so that no more processes are made.
  package var isShuttingDown: Bool { core.it.shutdown.isRefusing }
}

// MARK: - Spawning

extension ProcessRuntime {
  @usableFromInline
  func make(_ request: SpawnRequest) throws(SpawnError) -> Spawned { try core.spawn(request) }

  /// Starts a process that runs `body`.
  ///
  /// What the body captures moves into the new process. Returns at once, from any thread or process.
  ///
  /// The spawn fails if its name is taken, for options out of range, at a limit of processes or of memory, and once
  /// `shutdown(deadline:)` has begun. Then no process is made, nothing is reported, and the returned reference is
  /// `#0.0`: its `isAlive` is false, and what is sent to it is destroyed without being counted. Use
  /// ``trySpawn(_:options:_:)``, which throws instead, for a process that has a name.
  ///
  /// - Parameters:
  ///   - type: The type of the messages that the process receives.
  ///   - options: The name, priority, limits and stack of the process. A dedicated stack costs a system call.
  ///   - body: What the process runs; the process ends when it returns or throws.
  /// - Returns: The address of the new process.
  @inlinable @discardableResult
  public func spawn<M: ~Copyable>(
    _ type: M.Type,
    options: SpawnOptions = .init(),
    _ body: sending @escaping (ProcessContext<M>) throws -> Void
  ) -> ProcessRef<M> {
    ProcessRef(try? make(SpawnRequest(options, body)))
  }

  /// Starts a process that receives no messages; see ``spawn(_:options:_:)``.
  @inlinable @discardableResult
  public func spawn(
    options: SpawnOptions = .init(),
    _ body: sending @escaping (ProcessContext<Never>) throws -> Void
  ) -> ProcessRef<Never> {
    ProcessRef(try? make(SpawnRequest(options, body)))
  }

  /// Starts a process that runs `body`, or throws if that is not possible.
  ///
  /// If it throws, nothing remains of the process, and the body is destroyed.
  ///
  /// - Parameters:
  ///   - type: The type of the messages that the process receives.
  ///   - options: The name, priority, limits and stack of the process.
  ///   - body: What the process runs; the process ends when it returns or throws.
  /// - Returns: The address of the new process.
  /// - Throws: ``SpawnError`` if its name is taken, for options out of range, at a limit of processes or of memory, if
  ///   there is no memory for its stack, or while the runtime shuts down.
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
  /// Blocks the calling thread until nothing in the runtime can run without an event from outside.
  ///
  /// Then no process is ready or running, no `blocking` closure runs, and no process waits with a timeout. Processes
  /// that receive without a timeout are idle. A runtime that was shut down is idle, too.
  ///
  /// A process that calls it traps. A `blocking` closure may wait for other runtimes only; one that waits for the
  /// runtime of its own process traps.
  @available(*, noasync, message: "use `await runtime.waitUntilIdle()`, which does not hold the thread")
  public func waitUntilIdle() { _ = wait(until: nil) }

  /// Blocks the calling thread at most `timeout` until nothing in the runtime can run without an event from outside.
  ///
  /// Means what `waitUntilIdle()` means, with the same restrictions.
  ///
  /// - Returns: Whether the runtime became idle in time.
  @available(*, noasync, message: "use `await runtime.waitUntilIdle(timeout:)`, which does not hold the thread")
  public func waitUntilIdle(timeout: Duration) -> Bool { wait(until: core.deadline(after: timeout)) }

  private func wait(until deadline: Int64?) -> Bool {
    if let scheduler = Scheduler.current {
      guard scheduler.it.runtime != core else {
        fatalError("Joist: a process cannot wait until its runtime is idle, because it runs itself")
      }
      fatalError("Joist: a process cannot block in `waitUntilIdle`: wait for another runtime in `process.blocking`")
    }
    if isWaitedForHere {
      fatalError("Joist: a `blocking` closure cannot wait until its runtime is idle, because its process waits for it")
    }
    ForkedChild.refuse("a runtime was waited for")
    return core.it.quiescence.wait(core, until: deadline)
  }

  /// Tells every process to exit, waits until they have ended, kills those left at the deadline, and stops the
  /// schedulers.
  ///
  /// Killed processes have a fifth of a second more. A process that has not reached a suspension point by then outlives
  /// the runtime, and its thread keeps running.
  ///
  /// Blocks the calling thread. A call by a process of any runtime, or by a `blocking` closure of this runtime's own,
  /// starts the shutdown, does not wait, and returns an empty list. A second call waits for the first, whose deadline
  /// holds, and returns the same list.
  ///
  /// - Parameter deadline: How long the processes have to exit before they are killed.
  /// - Returns: The processes that did not end.
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

  /// The counters of the runtime, summed up at the call.
  public var statistics: RuntimeStatistics { core.statistics }

  /// The live processes, in the order of their records.
  public var processes: [ProcessID] { core.it.liveProcesses }

  /// The number of schedulers with threads from the start, spare ones apart.
  public var schedulerCount: Int { core.it.regularCount }
}

// SPDX-License-Identifier: Apache-2.0
//
// The guard around a piece of asynchronous code. A task-local value leads to it from every task below, so that the
// crash of one of them finds it. It waits for its task by a continuation of its own, because a crashed task never
// completes.

public import Joist
import Synchronization

/// The guard of the current task: the innermost one.
enum CurrentGuard {
  @TaskLocal static var value: TaskGuard?
}

/// A guard, regardless of the result of the code.
@usableFromInline
final class TaskGuard: Sendable {
  // Sound: the continuation is taken out when it is resumed.
  @safe private struct State {
    /// Resumed with nil when the code has ended, or with the reason why nobody waits for it any longer.
    var continuation: UnsafeContinuation<(any Error)?, Never>?
    var task: Task<Void, Never>?
    var timer: TimerID?
    var isCancelled = false
  }

  private let runner: TaskRunner
  private let limit: Duration?
  private let late: (@Sendable (ContainedCrash) -> Void)?
  private let state = Mutex(State())

  private init(_ runner: TaskRunner, _ limit: Duration?, _ late: (@Sendable (ContainedCrash) -> Void)?) {
    self.runner = runner
    self.limit = limit
    self.late = late
  }

  /// Runs code in a task, and returns when it has ended, in whatever way.
  ///
  /// - Throws: ``ContainedCrash``; ``ContainDeadlinePassed``; ``TasksNotTakenOver``.
  @usableFromInline
  static func run(
    on runtime: ProcessRuntime,
    within limit: Duration?,
    late: (@Sendable (ContainedCrash) -> Void)?,
    isolation: isolated (any Actor)?,
    _ body: @escaping @Sendable () async -> Void
  ) async throws {
    guard let runner = TaskRunner.installed, runner.runtime === runtime else { throw TasksNotTakenOver() }
    let around = TaskGuard(runner, limit, late)
    // Sound: the guard resumes the continuation once.
    let error = await withTaskCancellationHandler {
      await unsafe withUnsafeContinuation { continuation in unsafe around.start(body, resuming: continuation) }
    } onCancel: {
      around.cancel()
    }
    if let error { throw error }
  }

  /// Begins to run the code in a task, and resumes the continuation when it ends.
  private func start(
    _ body: @escaping @Sendable () async -> Void,
    resuming continuation: UnsafeContinuation<(any Error)?, Never>
  ) {
    state.withLock { unsafe $0.continuation = continuation }
    let task = CurrentGuard.$value.withValue(self) {
      Task {
        await body()
        self.end(nil)
      }
    }
    let isCancelled = state.withLock { state in
      // It may have ended already.
      if unsafe state.continuation != nil { state.task = task }
      return state.isCancelled
    }
    if isCancelled { task.cancel() }
    if let limit { startTimer(limit) }
  }

  /// Cancels the code, which goes on until it ends.
  private func cancel() {
    let task = state.withLock { state in
      state.isCancelled = true
      return state.task
    }
    task?.cancel()
  }

  /// Ends the wait with a crash of a task below, and cancels the others; called in a process of its own.
  ///
  /// If the wait is over, it passes the crash on instead.
  func crashed(_ crash: ContainedCrash) { if !abandon(crash) { late?(crash) } }

  /// Ends the wait because the time limit has passed, and cancels the tasks below.
  func expire() { if let limit { abandon(ContainDeadlinePassed(limit: limit)) } }

  // Sound: whether there is a continuation is looked at under the lock. Likewise in `abandon`.
  private func startTimer(_ limit: Duration) {
    let timer = runner.tell(self, after: limit)
    let isOver = state.withLock { state in
      if unsafe state.continuation != nil { state.timer = timer }
      return unsafe state.continuation == nil
    }
    if isOver { runner.runtime.cancel(timer) }
  }

  /// Ends the wait with an error, and cancels the tasks below; returns false if the wait is over.
  @discardableResult
  private func abandon(_ error: any Error) -> Bool {
    // Code that begins only now is cancelled at once.
    let task = state.withLock { state in
      if unsafe state.continuation != nil { state.isCancelled = true }
      return state.task
    }
    let isFirst = end(error)
    task?.cancel()
    return isFirst
  }

  /// Ends the wait for the first of the reasons; returns false for others.
  @discardableResult
  private func end(_ error: (any Error)?) -> Bool {
    // Sound: it is taken out under the lock, so it is resumed once.
    let (continuation, timer) = unsafe state.withLock { state in
      state.task = nil
      return unsafe (state.continuation.take(), state.timer.take())
    }
    unsafe continuation?.resume(returning: error)
    if let timer { runner.runtime.cancel(timer) }
    return unsafe continuation != nil
  }
}

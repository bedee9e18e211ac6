// SPDX-License-Identifier: Apache-2.0
//
// The guard around a piece of asynchronous code. A task-local value leads to it from every task below, so that the
// crash of one of them finds it. It waits for its task's result by a continuation of its own, because a crashed task
// never completes.

import Joist
import Synchronization

/// What a crash knows of the guard around the task.
protocol AnyTaskGuard: AnyObject, Sendable {
  /// Ends the wait for the code with the crash, and cancels the tasks below.
  func crashed(_ crash: ContainedCrash)
  /// Ends the wait because the time limit has passed, and cancels the tasks below.
  func expire()
}

/// The guard of the current task: the innermost one.
enum CurrentGuard {
  @TaskLocal static var value: (any AnyTaskGuard)?
}

/// The guard around code with a result.
final class TaskGuard<Success: Sendable>: AnyTaskGuard {
  // Sound: the continuation is taken out when it is resumed.
  @safe private struct State {
    var continuation: UnsafeContinuation<Success, any Error>?
    var task: Task<Void, Never>?
    var timer: TimerID?
    var isCancelled = false
  }

  private let runner: TaskRunner
  private let limit: Duration?
  private let state = Mutex(State())

  init(_ runner: TaskRunner, limit: Duration?) {
    self.runner = runner
    self.limit = limit
  }

  /// Begins to run the code in a task, and resumes the continuation when it ends, in whatever way.
  func run(
    _ body: @escaping @Sendable () async throws -> Success,
    resuming continuation: UnsafeContinuation<Success, any Error>
  ) {
    state.withLock { unsafe $0.continuation = continuation }
    let task = CurrentGuard.$value.withValue(self) {
      Task {
        do { self.end(.success(try await body())) } catch { self.end(.failure(error)) }
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
  func cancel() {
    let task = state.withLock { state in
      state.isCancelled = true
      return state.task
    }
    task?.cancel()
  }

  func crashed(_ crash: ContainedCrash) { abandon(crash) }

  func expire() { if let limit { abandon(ContainDeadlinePassed(limit: limit)) } }

  private func startTimer(_ limit: Duration) {
    let timer = runner.tell(self, after: limit)
    let isOver = state.withLock { state in
      if unsafe state.continuation != nil { state.timer = timer }
      return unsafe state.continuation == nil
    }
    if isOver { runner.runtime.cancel(timer) }
  }

  /// Ends the wait with an error, and cancels the tasks below.
  private func abandon(_ error: any Error) {
    // Code that begins only now is cancelled at once.
    let task = state.withLock { state in
      if unsafe state.continuation != nil { state.isCancelled = true }
      return state.task
    }
    end(.failure(error))
    task?.cancel()
  }

  /// Ends the wait with the first of the results.
  private func end(_ result: Result<Success, any Error>) {
    // Sound: it is taken out under the lock, so it is resumed once.
    let (continuation, timer) = unsafe state.withLock { state in
      state.task = nil
      return unsafe (state.continuation.take(), state.timer.take())
    }
    unsafe continuation?.resume(with: result)
    if let timer { runner.runtime.cancel(timer) }
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// A task that was started, for whoever awaits it.

public import Joist

/// A piece of work that was started, and its result when there is one.
///
/// The result is handed out once. Who drops the task leaves the work alone.
public struct ProcessTask<Success>: Sendable {
  let cell: TaskCell<Success>
  let supervisor: ProcessRef<TaskMail>

  /// Whether there is a result, or there will be none.
  public var isDone: Bool { cell.isSettled }

  /// Tells the task to exit, with `.killed` for certain; does not wait.
  public func cancel(_ reason: ExitReason = .shutdown) { supervisor.send(.cancel(cell, reason)) }

  /// Waits for the result as a plain thread; inside a process use `process.await`.
  ///
  /// Throws a ``TaskError``.
  @available(*, noasync, message: "use `await task.value()`, which does not hold the thread")
  public func awaitBlocking(timeout: Duration? = nil) throws(TaskError) -> sending Success {
    if !isDone {
      do throws(CallError) {
        try supervisor.callBlocking(timeout: timeout) { .await(cell, $0) }
      } catch {
        try giveUp(error)
      }
    }
    return try cell.take()
  }

  /// Waits for the result from `async` code.
  ///
  /// Throws a ``TaskError``, or `CancellationError` when the Swift task that waits is cancelled; the work goes on.
  public func value(
    timeout: Duration? = nil,
    isolation: isolated (any Actor)? = #isolation
  ) async throws -> sending Success {
    if !isDone {
      do {
        try await supervisor.call(timeout: timeout) { .await(cell, $0) }
      } catch let error as CallError {
        try giveUp(error)
      }
    }
    return try cell.take()
  }

  /// What a wait that came to nothing throws; nothing if there is an outcome by now.
  fileprivate func giveUp(_ error: CallError) throws(TaskError) {
    if isDone { return }
    switch error {
    case .exited(let reason): throw .exited(reason)
    default: throw .timedOut
    }
  }
}

extension ProcessContext where Message: ~Copyable {
  /// Waits for the result of a task and takes it; messages that come meanwhile stay in the mailbox.
  ///
  /// Throws a ``TaskError``, or `ProcessExit` when this process is told to exit. After a wait that was too long the
  /// work goes on, and may be awaited again.
  public func await<Success>(_ task: ProcessTask<Success>, timeout: Duration? = nil) throws -> sending Success {
    if !task.isDone {
      do {
        try call(task.supervisor, timeout: timeout) { .await(task.cell, $0) }
      } catch let error as CallError {
        try task.giveUp(error)
      }
    }
    return try task.cell.take()
  }
}

/// Why there is no result.
public enum TaskError: Error, CustomStringConvertible {
  /// The work threw, was told to exit or crashed; or its supervisor has ended.
  case exited(ExitReason)
  /// The time was over first; the work goes on.
  case timedOut
  /// The result was taken before.
  case taken

  /// One sentence.
  public var description: String {
    switch self {
    case .exited(let reason): "the task ended without a result: \(reason)"
    case .timedOut: "the time was over before the task"
    case .taken: "the task's result was taken before"
    }
  }
}

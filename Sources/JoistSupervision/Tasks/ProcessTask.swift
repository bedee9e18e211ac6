// SPDX-License-Identifier: Apache-2.0
//
// The handle of a started task, through which a process, a thread or a Swift task awaits its result.

public import Joist

/// A piece of work that was started, and its result once there is one.
///
/// The result can be taken once. Dropping the handle does not cancel the work.
public struct ProcessTask<Success>: Sendable {
  let cell: TaskCell<Success>
  let supervisor: ProcessRef<TaskMail>

  /// Whether the outcome is known: there is a result, or it is certain that there will be none.
  public var isDone: Bool { cell.isSettled }

  /// Tells the task to exit; does not wait.
  ///
  /// The work may ignore any reason except `.killed`.
  public func cancel(_ reason: ExitReason = .shutdown) { supervisor.send(.cancel(cell, reason)) }

  /// Blocks the calling thread until the result is there, and takes it.
  ///
  /// Waits at most `timeout`, or forever if it is nil; the work continues after a timeout. In a process use
  /// `process.await`.
  ///
  /// - Throws: A ``TaskError`` if there is no result.
  @available(*, noasync, message: "use `await task.value()`, which does not hold the thread")
  public func valueBlocking(timeout: Duration? = nil) throws(TaskError) -> sending Success {
    if !isDone {
      do throws(CallError) {
        try supervisor.callBlocking(timeout: timeout) { .await(cell, $0) }
      } catch {
        try giveUp(error)
      }
    }
    return try cell.take()
  }

  /// Awaits the result from `async` code, and takes it.
  ///
  /// Waits at most `timeout`, or forever if it is nil; the work continues after a timeout.
  ///
  /// - Throws: A ``TaskError`` if there is no result, or `CancellationError` if the Swift task that waits is cancelled;
  ///   the work continues.
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

  /// Throws the error of a wait that failed; does nothing if the outcome has become known meanwhile.
  fileprivate func giveUp(_ error: CallError) throws(TaskError) {
    if isDone { return }
    switch error {
    case .exited(let reason): throw .exited(reason)
    default: throw .timedOut
    }
  }
}

extension ProcessContext where Message: ~Copyable {
  /// Waits for the result of a task and takes it; messages that arrive meanwhile stay in the mailbox.
  ///
  /// Waits at most `timeout`, or forever if it is nil. After a timeout the work continues, and its result can be
  /// awaited again.
  ///
  /// - Throws: A ``TaskError`` if there is no result, or `ProcessExit` if this process is told to exit.
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

/// The reason why awaiting a task brought no result.
public enum TaskError: Error, CustomStringConvertible {
  /// The work threw, was told to exit or crashed, or its supervisor has ended.
  case exited(ExitReason)
  /// The timeout passed first; the work continues.
  case timedOut
  /// The result was already taken.
  case taken

  /// The reason in one sentence.
  public var description: String {
    switch self {
    case .exited(let reason): "the task ended without a result: \(reason)"
    case .timedOut: "the timeout passed before the task ended"
    case .taken: "the task's result was already taken"
    }
  }
}

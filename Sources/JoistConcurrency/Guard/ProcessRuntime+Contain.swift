// SPDX-License-Identifier: Apache-2.0
//
// Contained asynchronous code.

public import Joist

extension ProcessRuntime {
  /// Runs asynchronous code, and throws an error if it crashes.
  ///
  /// A crash or a stack overflow anywhere below is thrown as ``ContainedCrash``: in the code itself, in `async let`, in
  /// a child of a group, in a `Task` that it starts. Of nested guards, the innermost one throws. The other tasks below
  /// are cancelled then, and not waited for. What the crashed code holds leaks, and for a lock that it holds
  /// `Configuration.onTrapWithLock` applies. A detached task has no guard, and neither has code on the main actor, in
  /// closures that Dispatch runs, or on executors of other libraries.
  ///
  /// The code runs in a task of its own, with the priority and the task-local values of the caller's. It is cancelled
  /// when the caller's task is, and is waited for then. When its time limit passes, it is cancelled, too, but the
  /// caller goes on at once, and the code may run on if it ignores that. A runtime that has been shut down keeps no
  /// time limits; its tasks go on without it.
  ///
  /// - Parameters:
  ///   - limit: The time that the code may take; nil if it has no limit.
  ///   - late: Gets the crashes of tasks below that happen when the call has returned or thrown. Called in a process of
  ///     its own. With nil, such a crash is counted, and not told.
  ///   - isolation: The actor on which the caller runs.
  ///   - body: The code.
  /// - Returns: What the code returns.
  /// - Throws: What the code throws; ``ContainedCrash``; ``ContainDeadlinePassed``; ``TasksNotTakenOver`` if another
  ///   runtime, or none, runs the program's tasks.
  @inlinable
  public func contain<Success: Sendable>(
    within limit: Duration? = nil,
    late: (@Sendable (ContainedCrash) -> Void)? = nil,
    isolation: isolated (any Actor)? = #isolation,
    _ body: @escaping @Sendable () async throws -> Success
  ) async throws -> Success {
    // Sound: the code sets the result before the guard resumes this function, which reads it only if the code has
    // ended the wait. Code for which nobody waits any more may set it later.
    nonisolated(unsafe) var result: Result<Success, any Error>?
    try await TaskGuard.run(on: self, within: limit, late: late, isolation: isolation) {
      do { unsafe result = .success(try await body()) } catch { unsafe result = .failure(error) }
    }
    return try unsafe result!.get()
  }
}

/// The code that ``Joist/ProcessRuntime/contain(within:late:isolation:_:)`` has run took longer than its time limit.
///
/// It was cancelled, and may still be running.
public struct ContainDeadlinePassed: Error, CustomStringConvertible {
  /// The time that it had.
  public let limit: Duration

  /// The reason in one sentence.
  public var description: String { "the contained code took longer than \(limit)" }
}

/// The runtime does not run the tasks of the program, so it cannot contain their crashes.
public struct TasksNotTakenOver: Error, CustomStringConvertible {
  /// The reason in one sentence.
  public var description: String { "this runtime does not run the program's tasks: call `takeOverTasks` first" }
}

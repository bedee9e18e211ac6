// SPDX-License-Identifier: Apache-2.0
//
// How a process uses asynchronous code: it is parked while a task runs that.

public import Joist
import Synchronization

extension ProcessContext where Message: ~Copyable {
  /// Runs asynchronous code in a task, and returns its result.
  ///
  /// ```swift
  /// let account = try process.awaiting { try await database.account(of: user) }
  /// ```
  ///
  /// Parks the process; the runtime is not idle meanwhile. The task has the task-local values that are bound around the
  /// call. When the process is told to exit, the task is cancelled, and the process does not wait for it. If a runtime
  /// runs the tasks of the program, a crash of the code is thrown as ``ContainedCrash``.
  ///
  /// - Parameter body: The code.
  /// - Returns: What the code returns.
  /// - Throws: What the code throws; ``ContainedCrash``; `ProcessExit` when the process is told to exit.
  public func awaiting<Success: Sendable>(
    _ body: @escaping @Sendable () async throws -> Success
  ) throws -> Success {
    let outcome = Outcome<Success>()
    var task: Task<Void, Never>?
    do {
      try awaitTask { end in
        task = Task {
          outcome.set(await Outcome.of(body))
          end.tell()
        }
      }
    } catch {
      task?.cancel()
      throw error
    }
    return try outcome.get()
  }

  /// Calls a closure with each element of an asynchronous sequence, one after the other.
  ///
  /// Waits for each element as ``awaiting(_:)`` does. The sequence makes its next element only when the closure has
  /// returned, as in a loop with `for await`.
  ///
  /// - Parameters:
  ///   - sequence: The sequence.
  ///   - body: What is done with an element; the sequence is left when it throws.
  /// - Throws: What the sequence or the closure throws, and what ``awaiting(_:)`` throws.
  public func forEach<Elements: AsyncSequence & Sendable>(
    in sequence: Elements,
    _ body: (Elements.Element) throws -> Void
  ) throws where Elements.Element: Sendable {
    let iteration = Iteration(sequence)
    while let element = try awaiting({ try await iteration.next() }) { try body(element) }
  }
}

/// The result of a task, for the process that waits for it.
private final class Outcome<Success: Sendable>: Sendable {
  private let result = Mutex<Result<Success, any Error>?>(nil)

  func set(_ new: Result<Success, any Error>) { result.withLock { $0 = new } }

  /// Returns the result of a task that has ended.
  func get() throws -> Success { try result.withLock { $0.take()! }.get() }

  /// Runs code, and contains it if a runtime runs the tasks of the program.
  static func of(_ body: @escaping @Sendable () async throws -> Success) async -> Result<Success, any Error> {
    do {
      guard let runtime = TaskRunner.installed?.runtime else { return .success(try await body()) }
      return .success(try await runtime.contain(body))
    } catch { return .failure(error) }
  }
}

/// A loop over an asynchronous sequence.
// Sound: the process that loops waits for one call before it makes the next.
private final class Iteration<Elements: AsyncSequence & Sendable>: @unchecked Sendable
where Elements.Element: Sendable {
  private var iterator: Elements.AsyncIterator

  init(_ sequence: Elements) { iterator = sequence.makeAsyncIterator() }

  @concurrent func next() async throws -> Elements.Element? { try await iterator.next() }
}

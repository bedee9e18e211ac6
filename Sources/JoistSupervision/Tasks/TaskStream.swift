// SPDX-License-Identifier: Apache-2.0
//
// One task for each element of a sequence, at most `maximum` of them at a time, and their results in order.

public import Joist

/// The outcomes of tasks, one for each element of a sequence, in the order of the elements.
public struct TaskStream<Elements: Sequence, Success: Sendable> where Elements.Element: Sendable {
  /// The outcome of one element's task.
  public typealias Outcome = Result<Success, TaskError>

  private let tasks: TaskSupervisor
  private let maximum: Int
  private let timeout: Duration?
  private let work: @Sendable (Elements.Element, ProcessContext<Never>) throws -> Success
  private var elements: Elements.Iterator
  /// The tasks that were started and whose outcome has not been taken yet, in the order of their elements.
  private var window: [ProcessTask<Success>] = []

  init(
    _ tasks: TaskSupervisor,
    _ elements: Elements,
    maximum: Int,
    timeout: Duration?,
    _ work: @escaping @Sendable (Elements.Element, ProcessContext<Never>) throws -> Success
  ) {
    precondition(maximum > 0, "TaskStream: `maximum` must be at least 1")
    self.tasks = tasks
    self.maximum = maximum
    self.timeout = timeout
    self.work = work
    self.elements = elements.makeIterator()
  }

  /// Waits for the next outcome and returns it; returns nil after the last.
  ///
  /// Starts tasks up to the maximum first. The timeout counts from this call; a task that takes longer is killed, and
  /// its outcome is ``TaskError/timedOut``.
  ///
  /// - Throws: `ProcessExit` if the process is told to exit.
  public mutating func next<Message: ~Copyable>(in process: ProcessContext<Message>) throws -> Outcome? {
    while window.count < maximum, let element = elements.next() {
      let work = work
      window.append(tasks.async { try work(element, $0) })
    }
    if window.isEmpty { return nil }
    let task = window.removeFirst()
    do {
      return .success(try process.await(task, timeout: timeout))
    } catch let error as TaskError {
      if case .timedOut = error { task.cancel(.killed) }
      return .failure(error)
    }
  }

  /// Kills the tasks that were started and whose outcome has not been taken; does not wait.
  public mutating func cancel() {
    for task in window { task.cancel(.killed) }
    window = []
  }
}

extension TaskSupervisor {
  /// Makes a stream that runs one task for each element and returns their outcomes in order.
  ///
  /// At most `maximum` tasks, at least 1, run or have an outcome that has not been taken. One call of `next` waits at
  /// most `timeout`, or forever if it is nil. The stream is lazy: the first call of `next` starts the first tasks. A
  /// result is kept until those before it have been taken.
  public func asyncStream<Elements: Sequence, Success: Sendable>(
    _ elements: Elements,
    maximum: Int,
    timeout: Duration? = nil,
    _ work: @escaping @Sendable (Elements.Element, ProcessContext<Never>) throws -> Success
  ) -> TaskStream<Elements, Success> where Elements.Element: Sendable {
    TaskStream(self, elements, maximum: maximum, timeout: timeout, work)
  }

  /// Runs one task for each element, at most `maximum` at a time, waits for all, and returns the results in order.
  ///
  /// - Throws: The ``TaskError`` of the first failed task in the order of the elements, or `ProcessExit` if the process
  ///   is told to exit. Tasks whose outcome has not been taken by then are killed.
  public func map<Elements: Sequence, Success: Sendable, Message: ~Copyable>(
    _ elements: Elements,
    maximum: Int,
    in process: ProcessContext<Message>,
    timeout: Duration? = nil,
    _ work: @escaping @Sendable (Elements.Element, ProcessContext<Never>) throws -> Success
  ) throws -> [Success] where Elements.Element: Sendable {
    var stream = asyncStream(elements, maximum: maximum, timeout: timeout, work)
    defer { stream.cancel() }
    var results: [Success] = []
    while let outcome = try stream.next(in: process) { results.append(try outcome.get()) }
    return results
  }
}

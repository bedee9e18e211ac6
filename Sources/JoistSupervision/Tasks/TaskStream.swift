// SPDX-License-Identifier: Apache-2.0
//
// One task for each element of a sequence, few at a time, and their results in order.

public import Joist

/// The results of tasks, one for each element, in the order of the elements.
public struct TaskStream<Elements: Sequence, Success: Sendable> where Elements.Element: Sendable {
  /// How the task of one element ended.
  public typealias Outcome = Result<Success, TaskError>

  private let tasks: TaskSupervisor
  private let maximum: Int
  private let timeout: Duration?
  private let work: @Sendable (Elements.Element, ProcessContext<Never>) throws -> Success
  private var elements: Elements.Iterator
  /// Those that were started and not taken yet.
  private var window: [ProcessTask<Success>] = []

  init(
    _ tasks: TaskSupervisor,
    _ elements: Elements,
    maximum: Int,
    timeout: Duration?,
    _ work: @escaping @Sendable (Elements.Element, ProcessContext<Never>) throws -> Success
  ) {
    precondition(maximum > 0, "TaskStream: one task at least may run at a time")
    self.tasks = tasks
    self.maximum = maximum
    self.timeout = timeout
    self.work = work
    self.elements = elements.makeIterator()
  }

  /// The next outcome, for which the process waits; nil after the last.
  ///
  /// A task that takes longer than the timeout, counted from here, is killed. Throws `ProcessExit` when the process is
  /// told to exit.
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

  /// Kills the tasks that were started and whose outcome was not taken.
  public mutating func cancel() {
    for task in window { task.cancel(.killed) }
    window = []
  }
}

extension TaskSupervisor {
  /// One task for each element, `maximum` at most that run or whose outcome is not taken yet.
  ///
  /// Lazy: nothing is started before the first `next`. Of tasks that wait for an earlier, slower one to be taken, the
  /// results are kept.
  public func asyncStream<Elements: Sequence, Success: Sendable>(
    _ elements: Elements,
    maximum: Int,
    timeout: Duration? = nil,
    _ work: @escaping @Sendable (Elements.Element, ProcessContext<Never>) throws -> Success
  ) -> TaskStream<Elements, Success> where Elements.Element: Sendable {
    TaskStream(self, elements, maximum: maximum, timeout: timeout, work)
  }

  /// The results for all elements, in order, of at most `maximum` tasks at a time; the process waits.
  ///
  /// The first failure, in that order, is thrown as a ``TaskError``, and the tasks behind it are killed.
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

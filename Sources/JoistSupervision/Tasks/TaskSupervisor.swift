// SPDX-License-Identifier: Apache-2.0
//
// Work in processes of its own, whose results may be awaited.

public import Joist

/// Runs pieces of work, each in a process of its own, and sees to it that none outlives it.
///
/// A task's crash is an error for whoever awaits it, and nothing to anybody else; no task is started again. May be used
/// by any thread and any process; starting a task does not wait.
public struct TaskSupervisor: Sendable {
  let ref: ProcessRef<TaskMail>

  /// Starts one on a runtime.
  ///
  /// Throws a `SpawnError` where its process cannot be made.
  public init(on runtime: ProcessRuntime, options: SpawnOptions = .init()) throws(SpawnError) {
    ref = try runtime.trySpawn(TaskMail.self, options: options) { process in
      try TaskLoop.run(process, parent: nil) {}
    }
  }

  /// Starts one from a process; it and its tasks end when that does.
  ///
  /// Throws a `SpawnError` where its process cannot be made.
  public init<Message: ~Copyable>(
    linkedTo process: ProcessContext<Message>,
    options: SpawnOptions = .init()
  ) throws(SpawnError) {
    let parent = process.ref
    ref = try process.trySpawn(TaskMail.self, options: options) { process in
      try TaskLoop.run(process, parent: parent.id, link: { try $0.link(parent) }, whenStarted: {})
    }
  }

  /// The one whose process has that name, for instance as a child that is one; nil for none.
  ///
  /// Throws a `NameError` when the process of that name is something else.
  public init?(named name: String, on runtime: ProcessRuntime) throws(NameError) {
    guard let ref = try runtime.lookup(name, as: TaskMail.self) else { return nil }
    self.ref = ref
  }

  /// As above, from a process.
  public init?<Message: ~Copyable>(named name: String, in process: ProcessContext<Message>) throws(NameError) {
    guard let ref = try process.lookup(name, as: TaskMail.self) else { return nil }
    self.ref = ref
  }

  /// Whether it has not ended.
  public var isAlive: Bool { ref.isAlive }

  /// Has it end its tasks, within five seconds, and itself; does not wait.
  public func shutdown() { ref.exit(.shutdown) }

  /// Starts a piece of work whose result somebody awaits.
  ///
  /// What the work captures moves into it, and the result out of it; an object that is to go both ways goes in a
  /// `Disconnected`.
  ///
  /// The task is linked to the supervisor only: its crash does not touch who awaits it, and it goes on when that ends.
  public func async<Success>(
    options: SpawnOptions = .init(),
    _ work: sending @escaping (ProcessContext<Never>) throws -> sending Success
  ) -> ProcessTask<Success> {
    let cell = TaskCell<Success>()
    ref.send(.start(TaskJob(options, cell) { cell.put(try work($0)) }))
    return ProcessTask(cell: cell, supervisor: ref)
  }

  /// As `async`, but the task is also linked with a process: unless it ends well that process is told to exit, and the
  /// task is told to when the process ends.
  public func asyncLinked<Message: ~Copyable, Success>(
    to process: ProcessContext<Message>,
    options: SpawnOptions = .init(),
    _ work: sending @escaping (ProcessContext<Never>) throws -> sending Success
  ) -> ProcessTask<Success> {
    let cell = TaskCell<Success>()
    let owner = process.ref
    let job = TaskJob(options, cell) { task in
      try task.link(owner)
      let result = try work(task)
      task.unlink(owner)
      cell.put(result)
    }
    ref.send(.start(job))
    return ProcessTask(cell: cell, supervisor: ref)
  }

  /// Starts a piece of work that nobody awaits; how it ends is known to nobody.
  public func fireAndForget(
    options: SpawnOptions = .init(),
    _ work: sending @escaping (ProcessContext<Never>) throws -> Void
  ) {
    ref.send(.start(TaskJob(options, nil, work)))
  }
}

extension Child {
  /// A task supervisor, which is registered under the child's name, so that `TaskSupervisor(named:on:)` finds it
  /// however often it is started again.
  public static func taskSupervisor(
    _ name: String,
    restart: Restart = .permanent,
    shutdown: Shutdown = .never,
    options: SpawnOptions = .init()
  ) -> Child {
    var options = options
    options.name = name
    return Child(name, restart, shutdown, false, isSupervisor: true, options) { process, parent, started in
      try TaskLoop.run(process, parent: parent, whenStarted: started)
    }
  }
}

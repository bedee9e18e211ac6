// SPDX-License-Identifier: Apache-2.0
//
// The handle of a task supervisor: a process that runs each piece of work in a process of its own, whose result can be
// awaited.

public import Joist

/// A process that runs pieces of work, each in a process of its own, and ends them when it ends.
///
/// A crash of a task is an error for the caller that awaits it and affects no other process. Tasks are not restarted.
/// Any thread and any process may use a task supervisor; starting a task does not wait.
public struct TaskSupervisor: Sendable {
  let ref: ProcessRef<TaskMail>

  private init(_ ref: ProcessRef<TaskMail>) { self.ref = ref }

  /// Starts a task supervisor on a runtime, as a process that no other process owns.
  ///
  /// - Throws: A `SpawnError` if its process cannot be created.
  public static func start(
    on runtime: ProcessRuntime,
    options: SpawnOptions = .init()
  ) throws(SpawnError) -> TaskSupervisor {
    let ref = try runtime.trySpawn(TaskMail.self, options: options) { process in
      try TaskLoop.run(process, parent: nil) {}
    }
    return TaskSupervisor(ref)
  }

  /// Starts a task supervisor from a process and links the two; it ends its tasks and itself when the process ends.
  ///
  /// - Throws: A `SpawnError` if its process cannot be created.
  public static func start<Message: ~Copyable>(
    linkedTo process: ProcessContext<Message>,
    options: SpawnOptions = .init()
  ) throws(SpawnError) -> TaskSupervisor {
    let parent = process.ref
    let ref = try process.trySpawn(TaskMail.self, options: options) { process in
      try TaskLoop.run(process, parent: parent.id, link: { try $0.link(parent) }, whenStarted: {})
    }
    return TaskSupervisor(ref)
  }

  /// Finds the task supervisor whose process has that name, for example a child of a supervisor; nil if there is none.
  ///
  /// - Throws: A `NameError` if the process of that name is not a task supervisor.
  public init?(named name: String, on runtime: ProcessRuntime) throws(NameError) {
    guard let ref = try runtime.lookup(name, as: TaskMail.self) else { return nil }
    self.ref = ref
  }

  /// Finds the task supervisor whose process has that name, from a process; nil if there is none.
  ///
  /// - Throws: A `NameError` if the process of that name is not a task supervisor.
  public init?<Message: ~Copyable>(named name: String, in process: ProcessContext<Message>) throws(NameError) {
    guard let ref = try process.lookup(name, as: TaskMail.self) else { return nil }
    self.ref = ref
  }

  /// Whether the task supervisor has not ended.
  public var isAlive: Bool { ref.isAlive }

  /// Asks the supervisor to end its tasks and itself; does not wait.
  ///
  /// Tasks that have not ended after five seconds are killed.
  public func shutdown() { ref.exit(.shutdown) }

  /// Starts a piece of work whose result is awaited later; does not wait.
  ///
  /// What the work captures moves into the task, and the result moves out of it. An object that moves both ways is
  /// passed in a `Disconnected`. The task is linked only to its supervisor: its crash does not affect the process that
  /// awaits it, and the task continues when that process ends.
  public func async<Success>(
    options: SpawnOptions = .init(),
    _ work: sending @escaping (ProcessContext<Never>) throws -> sending Success
  ) -> ProcessTask<Success> {
    let cell = TaskCell<Success>()
    ref.send(.start(TaskJob(options, cell) { cell.put(try work($0)) }))
    return ProcessTask(cell: cell, supervisor: ref)
  }

  /// Starts a piece of work as ``async(options:_:)`` does, in a task that is also linked to a process.
  ///
  /// Unless the work returns, the process is told to exit. The task is told to exit when the process ends.
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

  /// Starts a piece of work without a result; does not wait, and does not tell the caller how the work ends.
  public func fireAndForget(
    options: SpawnOptions = .init(),
    _ work: sending @escaping (ProcessContext<Never>) throws -> Void
  ) {
    ref.send(.start(TaskJob(options, nil, work)))
  }
}

extension Child {
  /// Describes a child that is a task supervisor.
  ///
  /// Its process is registered under the child's name, so ``TaskSupervisor/init(named:on:)`` finds it after every
  /// restart.
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

// SPDX-License-Identifier: Apache-2.0
//
// The loop of a task supervisor's process. Each task is linked to the supervisor before it runs, so the supervisor
// receives the exit signal of every task, and no task survives the supervisor, however the supervisor ends.

import Joist

/// A message to a task supervisor.
enum TaskMail {
  case start(TaskJob)
  case exited(ExitSignal)
  case await(any AnyTaskCell, ReplyTo<Void>)
  case cancel(any AnyTaskCell, ExitReason)
  case deadline
}

/// A piece of work on its way to its process, and the cell for its result, if it has one.
struct TaskJob {
  let options: SpawnOptions
  let cell: (any AnyTaskCell)?
  let body: Disconnected<(ProcessContext<Never>) throws -> Void>

  init(
    _ options: SpawnOptions,
    _ cell: (any AnyTaskCell)?,
    _ body: sending @escaping (ProcessContext<Never>) throws -> Void
  ) {
    self.options = options
    self.cell = cell
    self.body = Disconnected(body)
  }
}

/// The state of a task supervisor.
struct TaskLoop {
  /// The time that tasks have to exit by themselves before an ending supervisor kills them.
  static let grace = Duration.seconds(5)

  private let process: ProcessContext<TaskMail>
  /// The process that the supervisor is linked to, whose end it follows whatever the reason.
  private let parent: ProcessID?
  /// The tasks that have not ended, by their process.
  private var running: [ProcessID: (ref: ProcessRef<Never>, cell: (any AnyTaskCell)?)] = [:]

  /// Runs a task supervisor in its process; returns only by throwing.
  static func run(
    _ process: ProcessContext<TaskMail>,
    parent: ProcessID?,
    link: (ProcessContext<TaskMail>) throws -> Void = { _ in },
    whenStarted: () -> Void
  ) throws {
    process.trapExits(TaskMail.exited)
    try link(process)
    whenStarted()
    var loop = TaskLoop(process: process, parent: parent)
    while true { try loop.handle(try process.receive()) }
  }

  private init(process: ProcessContext<TaskMail>, parent: ProcessID?) {
    self.process = process
    self.parent = parent
  }

  private mutating func handle(_ mail: TaskMail) throws {
    switch mail {
    case .start(let job): start(job)
    case .exited(let signal): try take(signal)
    case .await(let cell, let waiter): cell.tell(waiter)
    case .cancel(let cell, let reason): cell.process?.exit(reason)
    case .deadline: break
    }
  }

  /// Creates the process of a task; the task fails with the error if that is not possible.
  private mutating func start(_ job: TaskJob) {
    let (body, cell) = (job.body, job.cell)
    do {
      let ref = try process.trySpawnLinked(Never.self, options: job.options) { task in
        do {
          try body.open()(task)
        } catch {
          cell?.fail(ExitReason(of: task, throwing: error))
          throw error
        }
      }
      cell?.began(ref)
      running[ref.id] = (ref, cell)
    } catch {
      cell?.fail(.error(error))
    }
  }

  /// Handles an exit signal: of a task, of the parent, or of any other process, whose normal end is ignored.
  private mutating func take(_ signal: ExitSignal) throws {
    if let id = signal.process, let task = running.removeValue(forKey: id) {
      task.cell?.fail(signal.reason)
    } else if signal.process != nil && signal.process == parent {
      try end(becauseOf: signal)
    } else if case .normal = signal.reason {
      return
    } else {
      try end(becauseOf: signal)
    }
  }

  /// Ends all tasks, then this process, for the reason of the signal.
  private mutating func end(becauseOf signal: ExitSignal) throws {
    let tasks = running.values.sorted { $0.ref.id < $1.ref.id }
    for task in tasks { task.ref.exit(.shutdown) }
    let timer = process.sendAfter(Self.grace, to: process.ref, .deadline)
    while !running.isEmpty {
      switch try process.receive() {
      case .exited(let signal):
        if let id = signal.process { running.removeValue(forKey: id)?.cell?.fail(signal.reason) }
      case .await(let cell, let waiter): cell.tell(waiter)
      case .deadline: for task in tasks { task.ref.exit(.killed) }
      case .start, .cancel: break
      }
    }
    process.cancel(timer)
    try process.exit(becauseOf: signal)
  }
}

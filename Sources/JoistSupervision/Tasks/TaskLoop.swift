// SPDX-License-Identifier: Apache-2.0
//
// A task supervisor at work.
// TS3. A task is linked to its supervisor from before it runs. So the supervisor hears of each end, and no task is
//      left when the supervisor ends, however that happens.

import Joist

/// What a task supervisor takes.
enum TaskMail {
  case start(TaskJob)
  case exited(ExitSignal)
  case await(any AnyTaskCell, ReplyTo<Void>)
  case cancel(any AnyTaskCell, ExitReason)
  case deadline
}

/// A piece of work on its way into its process.
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

struct TaskLoop {
  /// How long tasks have to end in good order, when their supervisor ends.
  static let grace = Duration.seconds(5)

  private let process: ProcessContext<TaskMail>
  private let parent: ProcessID?
  private var running: [ProcessID: (ref: ProcessRef<Never>, cell: (any AnyTaskCell)?)] = [:]

  /// The body of a task supervisor's process; returns by throwing.
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

  private mutating func start(_ job: TaskJob) {
    let (body, cell) = (job.body, job.cell)
    let ref = process.spawnLinked(options: job.options) { task in  // TS3
      do {
        try body.open()(task)
      } catch {
        cell?.fail(ExitReason(of: task, throwing: error))
        throw error
      }
    }
    cell?.began(ref)
    if let earlier = running.updateValue((ref, cell), forKey: ref.id) { earlier.cell?.fail(.noProcess) }
  }

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

  /// Ends all tasks, and itself.
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

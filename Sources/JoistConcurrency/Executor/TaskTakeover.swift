// SPDX-License-Identifier: Apache-2.0
//
// How a runtime begins to run the tasks of its program.

import CJoist
public import Joist

/// What happens after crashes of tasks that a runtime runs.
public struct TaskOptions: Sendable {
  /// What happens after a crash in code that no `contain` is around.
  public enum UnguardedCrash: Sendable, Hashable {
    /// The program ends, as it would without Joist.
    case endsProgram
    /// The program goes on. Tasks that await the crashed one wait forever.
    case leavesTask
  }

  /// What happens after a crash in a method of an actor that is no ``RecoverableActor``.
  ///
  /// The crash leaves the actor locked, and perhaps half changed.
  public enum ActorCrash: Sendable, Hashable {
    /// The program ends with a sentence that names the actor's type.
    case endsProgram
    /// The actor is unlocked, and runs the next of its jobs in the state that the crashed method has left.
    case unlocksActor
  }

  /// What happens after a crash in code that no `contain` is around.
  public var unguardedCrash: UnguardedCrash
  /// What happens after a crash in a method of an actor that is no ``RecoverableActor``.
  public var actorCrash: ActorCrash
  /// The number of crashed tasks that the program can bear, and what happens then; nil if there is no limit.
  public var crashBudget: CrashBudget?

  /// Makes options.
  ///
  /// - Parameters:
  ///   - unguardedCrash: What happens after a crash in code that no `contain` is around.
  ///   - actorCrash: What happens after a crash in a method of an actor that is no ``RecoverableActor``.
  ///   - crashBudget: The number of crashed tasks that the program can bear, and what happens then.
  public init(
    unguardedCrash: UnguardedCrash = .endsProgram,
    actorCrash: ActorCrash = .endsProgram,
    crashBudget: CrashBudget? = nil
  ) {
    self.unguardedCrash = unguardedCrash
    self.actorCrash = actorCrash
    self.crashBudget = crashBudget
  }
}

/// The reason why a runtime cannot run the tasks of a program.
public enum TaskTakeoverError: Error, Hashable, CustomStringConvertible {
  /// This version of Swift has none of the hooks that Joist needs.
  case unsupportedSwift
  /// Another library runs the program's tasks.
  case takenByOthers
  /// A runtime of Joist runs them already.
  case takenByRuntime
  /// The runtime creates no more processes.
  case runtimeRefuses

  /// The reason in one sentence.
  public var description: String {
    switch self {
    case .unsupportedSwift: "this version of Swift lets nobody run its tasks: build with Swift 6.2 or 6.3"
    case .takenByOthers: "another library runs the tasks of this program: take them over before it does, or remove it"
    case .takenByRuntime: "a runtime of Joist runs the tasks of this program already: take them over once, and first"
    case .runtimeRefuses: "the runtime creates no process to run tasks: take the tasks over before you shut it down"
    }
  }
}

extension ProcessRuntime {
  /// Whether this runtime runs the tasks of the program.
  public var runsTasks: Bool { TaskRunner.installed?.runtime === self }

  /// Runs all tasks of the program in processes of this runtime from now on.
  ///
  /// Each job of a task, from one suspension to the next, is a process. A task that never suspends starves no other,
  /// and a crash in a task can be contained (``Joist/ProcessRuntime/contain(within:late:isolation:_:)``). Called once,
  /// early in the program: tasks that were enqueued before finish their job elsewhere. Code on the main actor, on
  /// executors of other libraries and in closures that Dispatch runs stays where it is, and crashes there end the
  /// program. After the runtime has been shut down, Swift runs the tasks again; sleeps that were under way end at once.
  ///
  /// Takes the loader's lock, and allocates.
  ///
  /// - Parameter options: What happens after crashes.
  /// - Throws: ``TaskTakeoverError`` if that is not possible; then Swift goes on to run the tasks.
  public func takeOverTasks(_ options: TaskOptions = .init()) throws(TaskTakeoverError) {
    if TaskRunner.installed != nil { throw .takenByRuntime }
    switch joist_jobs_are_taken() {
    case joist_takeover_free: break
    case joist_takeover_taken: throw .takenByOthers
    default: throw .unsupportedSwift
    }
    let runner = try TaskRunner(self, options)
    guard TaskRunner.install(runner) else {
      runner.stop()
      throw .takenByRuntime
    }
    tellOfTaskCrashes(runner)
    // Sound: Swift's runtime gives each job to one of them once.
    let takers = unsafe joist_job_takers(
      now: { job in unsafe TaskRunner.installed!.run(TaskJob(job)) },
      later: { job, nanoseconds in unsafe TaskRunner.installed!.run(TaskJob(job), after: .nanoseconds(nanoseconds)) }
    )
    guard joist_jobs_take_over(takers) else {
      runner.stop()
      throw .takenByOthers
    }
    becomeDefaultExecutor()
  }
}

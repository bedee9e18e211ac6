// SPDX-License-Identifier: Apache-2.0
//
// What happens when a task has crashed. A process of its own does it, because it runs code of the program: it counts
// the crash, unlocks the actor in which the task crashed, and tells the guard around it, or ends the program.

import Joist

extension TaskRunner: TaskCrashHandler {
  func taskCrashed(in actor: UInt) -> any CrashedTask {
    TaskCrash(runner: self, around: CurrentGuard.value, actor: actor, isInRecovery: Recovery.isRunning)
  }
}

/// A task that has crashed.
private final class TaskCrash: CrashedTask {
  private let runner: TaskRunner
  private let around: TaskGuard?
  /// The address of the default actor in which it crashed, or zero.
  private let actor: UInt
  /// Whether it crashed while it repaired that actor.
  private let isInRecovery: Bool

  init(runner: TaskRunner, around: TaskGuard?, actor: UInt, isInRecovery: Bool) {
    self.runner = runner
    self.around = around
    self.actor = actor
    self.isInRecovery = isInRecovery
  }

  func ended(_ reason: ExitReason) { runner.apart { self.handle(ContainedCrash(reason: reason)) } }

  private func handle(_ crash: ContainedCrash) {
    if actor != 0 { actorCrashed(crash) }
    runner.countCrash()
    if let around { return around.crashed(crash) }
    if runner.options.unguardedCrash == .endsProgram {
      stopTheProgram(
        "JoistConcurrency: a task crashed that no `contain` is around, such as a detached one: \(crash.reason)"
      )
    }
  }

  private func actorCrashed(_ crash: ContainedCrash) {
    // Sound: the frames that were abandoned have a reference to the actor, which is never released.
    let object = unsafe Unmanaged<AnyObject>.fromOpaque(UnsafeRawPointer(bitPattern: actor)!).takeUnretainedValue()
    if isInRecovery {
      stopTheProgram("JoistConcurrency: the actor \(type(of: object)) crashed while it recovered: \(crash.reason)")
    }
    if let object = object as? any RecoverableActor { return object.recoverAndUnlock(at: actor, from: crash) }
    if runner.options.actorCrash == .unlocksActor { return Scheduler.unlockActor(at: actor) }
    stopTheProgram(
      "JoistConcurrency: a task crashed in the actor \(type(of: object)), which stays locked: \(crash.reason)"
    )
  }
}

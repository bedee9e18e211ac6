// SPDX-License-Identifier: Apache-2.0
//
// What happens when a task has crashed: the guard around it is told, in a process of its own, and an actor in which it
// crashed is unlocked, or the program ends.

import Joist

extension TaskRunner: TaskCrashHandler {
  func taskCrashed(in actor: UInt) -> any CrashedTask {
    TaskCrash(runner: self, around: CurrentGuard.value, actor: actor)
  }
}

/// A task that has crashed.
private final class TaskCrash: CrashedTask {
  private let runner: TaskRunner
  private let around: (any AnyTaskGuard)?
  /// The address of the default actor in which it crashed, or zero.
  private let actor: UInt

  init(runner: TaskRunner, around: (any AnyTaskGuard)?, actor: UInt) {
    self.runner = runner
    self.around = around
    self.actor = actor
  }

  func ended(_ reason: ExitReason) {
    if actor != 0 { actorCrashed(reason) }
    guard let around else {
      if runner.options.unguardedCrash == .leavesTask { return }
      stopTheProgram("JoistConcurrency: a task crashed that no `contain` is around: \(reason)")
    }
    // Not on the stack of the dead process: cancellation runs handlers of the program, which may crash, too.
    do { _ = try runner.runtime.trySpawn(Never.self) { _ in around.crashed(reason) } } catch { around.crashed(reason) }
  }

  private func actorCrashed(_ reason: ExitReason) {
    if runner.options.actorCrash == .unlocksActor { return Scheduler.unlockActor(at: actor) }
    // Sound: the frames that were abandoned have a reference to the actor, which is never released.
    let object = unsafe Unmanaged<AnyObject>.fromOpaque(UnsafeRawPointer(bitPattern: actor)!).takeUnretainedValue()
    stopTheProgram("JoistConcurrency: a task crashed in the actor \(type(of: object)), which stays locked: \(reason)")
  }
}

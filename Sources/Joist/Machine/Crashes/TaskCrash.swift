// SPDX-License-Identifier: Apache-2.0
//
// What is done when a process crashes that runs a job of a Swift task: the task never completes, so JoistConcurrency
// tells those that wait for it.

import CJoist

/// What is told of crashes of Swift tasks.
///
/// An object, and so is a task that has crashed: Swift's runtime makes the type of another optional existential at its
/// first use, with memory and under a lock (FA5).
package protocol TaskCrashHandler: AnyObject, Sendable {
  /// Returns what is told how the current task has crashed.
  ///
  /// Called at the top of the stack whose frames were abandoned, while the thread's current task still is the one that
  /// crashed. `actor` is the address of the default actor in which it did, or zero. Must not wait.
  func taskCrashed(in actor: UInt) -> any CrashedTask
}

/// A task that has crashed.
package protocol CrashedTask: AnyObject, Sendable {
  /// Called when the thread runs no task any more, on the stack of the process that ran it. Must not wait.
  func ended(_ reason: ExitReason)
}

extension Handle<Scheduler> {
  // Sound: the fault is this thread's, and nothing else has happened on the thread since.
  /// Returns the task that has just crashed on this thread, if it was one and something is to be told.
  ///
  /// Nothing is told without memory: then the code that waits for the task waits forever.
  var crashedTask: (any CrashedTask)? {
    guard isInTask, let handler = it.runtime.it.taskCrashes, joist_has_memory(Limits.trapBytes) else { return nil }
    let executor = unsafe it.site.fault.executor
    return handler.taskCrashed(in: executor.implementation == 0 ? executor.identity : 0)
  }
}

extension ProcessRuntime {
  /// Sets what is told of crashes of tasks that processes of this runtime run; called once, before there is one.
  package func tellOfTaskCrashes(_ handler: any TaskCrashHandler) { core.it.setTaskCrashes(handler) }
}

extension Scheduler {
  // Sound: the words are this thread's. The closure lives as long as the call that uses its address.
  /// Unlocks a default actor that was locked by frames that were abandoned; called in a process.
  ///
  /// `body` runs before that, as a job of the actor: its executor is the actor, and it must not wait.
  package static func unlockActor(at address: UInt, after body: (() -> Void)? = nil) {
    guard let current, let actor = unsafe UnsafeMutableRawPointer(bitPattern: address) else { return }
    guard let body else { return unsafe joist_actor_unlock(&current.it.words, actor, nil, nil) }
    let call: @convention(c) (UnsafeMutableRawPointer?) -> Void = { context in
      unsafe context!.assumingMemoryBound(to: (() -> Void).self).pointee()
    }
    unsafe withUnsafePointer(to: body) { body in
      unsafe joist_actor_unlock(&current.it.words, actor, call, UnsafeMutableRawPointer(mutating: body))
    }
  }
}

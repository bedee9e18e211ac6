// SPDX-License-Identifier: Apache-2.0
//
// How an actor goes on after a crash in one of its methods.

import Joist

/// An actor that goes on after a crash in one of its methods.
///
/// A crash leaves the state of an actor as the method had it at that moment, perhaps half changed, and leaves the actor
/// locked. An actor with this protocol first repairs its state, and then runs the jobs that wait for it. Actors without
/// it are left to ``TaskOptions/actorCrash-swift.property``.
///
/// ```swift
/// actor Stock: RecoverableActor {
///   var numbers: [String: Int] = [:]
///   var total = 0
///   func recover(from crash: ContainedCrash) { total = numbers.values.reduce(0, +) }
/// }
/// ```
public protocol RecoverableActor: Actor {
  /// Repairs the state of the actor; called once after a crash in one of its methods, before its next job.
  ///
  /// A crash in it ends the program.
  ///
  /// - Parameter crash: The crash.
  func recover(from crash: ContainedCrash)
}

/// Whether the code of this thread repairs an actor.
enum Recovery {
  @TaskLocal static var isRunning = false
}

extension RecoverableActor {
  /// Repairs the actor, which has this address, and unlocks it; called in a process.
  nonisolated func recoverAndUnlock(at address: UInt, from crash: ContainedCrash) {
    Scheduler.unlockActor(at: address) {
      Recovery.$isRunning.withValue(true) { self.assumeIsolated { $0.recover(from: crash) } }
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// What waits for its process. A runtime that is shut down ends processes that have not begun; what they were to do must
// not be lost, since tasks wait for it.

import Synchronization

/// A job of a task that waits to be run; Swift gets it if the process that was to run it does not begin.
final class PendingJob: Sendable {
  // Ordering: relaxed. Only the thread that runs the job or destroys this object uses it, and it got this object from
  // another thread by way of a lock or a queue.
  private let bits: Atomic<UInt>

  init(_ job: TaskJob) { bits = Atomic(job.bits) }

  /// The job, for its priority.
  var job: TaskJob { TaskJob(bits: bits.load(ordering: .relaxed))! }

  /// Runs the job on this thread; called once.
  func run() {
    let job = job
    bits.store(0, ordering: .relaxed)
    job.run()
  }

  deinit { TaskJob(bits: bits.load(ordering: .relaxed))?.giveToSwift() }
}

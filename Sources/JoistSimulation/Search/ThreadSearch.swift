// SPDX-License-Identifier: Apache-2.0
//
// Searches for bugs in lock-free code without a runtime: makes all runs of a few threads with at most a given number of
// interruptions. It needs a debug build, where such code has schedule points between its atomic steps.

package import Joist

/// The threads of one run, without a runtime.
package final class LooseThreads {
  /// The platform that stands for the machine.
  package let platform: any Platform
  fileprivate let threads: VirtualThreads

  fileprivate init(_ platform: SimulatedPlatform) {
    self.platform = platform
    threads = platform.threads
  }

  /// Starts a thread.
  package func start(_ body: @escaping () -> Void) { _ = threads.start("thread", body) }
}

/// The result of a search over threads.
package struct ThreadSearchResult {
  /// What is wrong in the failing run; nil if no run failed.
  package let reason: String?
  /// The schedule of the last run, which is the failing one if a run failed.
  package let schedule: Schedule
  package let runs: Int
  /// Whether all runs within the bound were made.
  package let isComplete: Bool
}

/// Runs threads in every order with at most `interruptions` interruptions of a thread that could have run on.
///
/// `make` starts the threads of a run and returns a check. When all threads have ended, the check returns what is
/// wrong, or nil.
package func searchThreads(
  interruptions: Int,
  atMost limit: Int = 1_000_000,
  _ make: (LooseThreads) -> () -> String?
) -> ThreadSearchResult {
  let search = ExhaustiveSearch(interruptions: interruptions)
  var schedule = Schedule()
  let (reason, runs, isComplete) = CarrierThread.onOne {
    search.run(atMost: limit) { () -> String? in
      let decider = Decider(ExhaustiveStrategy(search))
      let carrier = CarrierThread.current!
      let loose = LooseThreads(SimulatedPlatform(carrier: carrier, seed: 0, decider: decider, faults: []))
      loose.threads.isFine = true
      loose.threads.maxSteps = 100_000
      let check = make(loose)
      let end = loose.threads.drive(until: { loose.threads.haveAllEnded }, before: nil)
      schedule = loose.threads.decider.schedule.trimmed
      return loose.threads.failure ?? (end == .rest ? "a thread sleeps forever" : check())
    }
  }
  return ThreadSearchResult(reason: reason, schedule: schedule, runs: runs, isComplete: isComplete)
}

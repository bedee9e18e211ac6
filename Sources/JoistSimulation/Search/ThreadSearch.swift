// SPDX-License-Identifier: Apache-2.0
//
// Looks for a fault in code that threads share, without a runtime: every order of a few threads' atomic steps, with at
// most so many interruptions. In debug builds, where such code has places between its steps.

package import Joist

/// A few threads that run some shared code.
package final class LooseThreads {
  /// What stands for the machine.
  package let platform: any Platform
  fileprivate let threads: VirtualThreads

  fileprivate init(_ platform: SimulatedPlatform) {
    self.platform = platform
    threads = platform.threads
  }

  /// One more thread; it has not run yet.
  package func start(_ body: @escaping () -> Void) { _ = threads.start("thread", body) }
}

/// What a search over threads came to.
package struct ThreadCounterexample {
  /// What was wrong in the run that failed; nil when none did.
  package let reason: String?
  /// The last run: the one that failed, if one did.
  package let schedule: Schedule
  package let runs: Int
  /// Whether every run within the bound was done.
  package let isComplete: Bool
}

/// Runs threads in every order with at most so many interruptions.
///
/// `make` starts the threads of a run and returns what looks at the end whether all is well, and says what is not.
package func searchThreads(
  interruptions: Int,
  atMost most: Int = 1_000_000,
  _ make: (LooseThreads) -> () -> String?
) -> ThreadCounterexample {
  let search = ExhaustiveSearch(interruptions: interruptions)
  var schedule = Schedule()
  let (reason, runs, isComplete) = CarrierThread.onOne {
    search.run(atMost: most) { () -> String? in
      let decider = Decider(ExhaustiveStrategy(search))
      let loose = LooseThreads(SimulatedPlatform(carrier: CarrierThread.here!, seed: 0, decider: decider, faults: []))
      loose.threads.isFine = true
      loose.threads.maxSteps = 100_000
      let check = make(loose)
      let end = loose.threads.drive(until: { loose.threads.haveAllEnded }, before: nil)
      schedule = loose.threads.decider.schedule.trimmed
      return loose.threads.failure ?? (end == .rest ? "a thread sleeps for ever" : check())
    }
  }
  return ThreadCounterexample(reason: reason, schedule: schedule, runs: runs, isComplete: isComplete)
}

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
package struct ThreadFinding {
  /// What was wrong in the run that failed; nil when none did.
  package var reason: String?
  /// The run that failed.
  package var schedule = Schedule()
  package var runs = 0
  /// Whether every run within the bound was done.
  package var isComplete = false
}

/// Runs threads in every order with at most so many interruptions.
///
/// `make` starts the threads of a run and returns what looks at the end whether all is well, and says what is not.
package func searchThreads(
  interruptions: Int,
  atMost most: Int = 1_000_000,
  _ make: (LooseThreads) -> () -> String?
) -> ThreadFinding {
  let stage = Stage.take()
  defer { stage.giveBack() }
  var finding = ThreadFinding()
  let search = ExhaustiveSearch(interruptions: interruptions)
  stage.perform {
    while finding.reason == nil && finding.runs < most && !finding.isComplete {
      finding.runs += 1
      let decider = Decider(ExhaustiveChooser(search))
      let platform = SimulatedPlatform(stage: stage, seed: 0, decider: decider, faults: [])
      let loose = LooseThreads(platform)
      loose.threads.isFine = true
      loose.threads.mostSteps = 100_000
      let check = make(loose)
      let end = loose.threads.drive(until: { loose.threads.haveAllEnded }, before: nil)
      finding.reason = loose.threads.failure ?? (end == .rest ? "a thread sleeps for ever" : check())
      finding.schedule = loose.threads.decider.schedule.trimmed
      finding.isComplete = !search.advance()
    }
  }
  return finding
}

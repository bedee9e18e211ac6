// SPDX-License-Identifier: Apache-2.0
//
// The scene of the tour in which processes crash.

import Joist
import JoistSupervision

/// A thousand workers under a supervisor; one job in a hundred makes its worker crash.
func crashes(_ runtime: ProcessRuntime, _ progress: Progress) throws -> [String] {
  let (jobs, done, starts) = (100_000, Tally(), Tally())
  let channel = ProcessChannel<Int>(capacity: 1_000)
  let squares = (0..<1_000).map { $0 * $0 }
  let supervisor = try Supervisor(.oneForOne, intensity: jobs) {
    for number in 0..<1_000 {
      Child("worker \(number)", Never.self) { _ in
        starts.add()
        while let job = try channel.receive() {
          // An index out of range, for one in a hundred.
          if squares[job % 100 == 0 ? 1_000 + job : job % 1_000] >= 0 { done.add() }
        }
      }
    }
  }.start(on: runtime)
  progress.show("\(jobs) jobs, a hundredth of which crash")
  let time = ContinuousClock().measure {
    for job in 0..<jobs { try? channel.send(job) }
    runtime.waitUntilIdle()
  }
  let crashed = runtime.statistics.trapsContained
  supervisor.exit(.shutdown)
  runtime.waitUntilIdle()
  let millis = short(count(.milliseconds(1), in: time))
  return [
    "\(jobs) jobs in \(millis) ms: \(done.total) done, \(crashed) crashed their worker and nothing else",
    "workers started again by their supervisor: \(starts.total - 1_000)",
  ]
}

// SPDX-License-Identifier: Apache-2.0
//
// The tour's last scene: workers crash while their supervisor restarts them.

import Joist
import JoistSupervision

/// Runs 100,000 jobs on a thousand supervised workers; every hundredth job makes its worker crash.
func crashes(_ runtime: ProcessRuntime, _ progress: Progress) throws -> [String] {
  let (jobs, done, starts) = (100_000, Tally(), Tally())
  let channel = ProcessChannel<Int>(capacity: 1_000)
  let squares = (0..<1_000).map { $0 * $0 }
  let supervisor = try Supervisor(.oneForOne, intensity: jobs) {
    for number in 0..<1_000 {
      Child("worker \(number)", Never.self) { _ in
        starts.add()
        while let job = try channel.receive() {
          // Every hundredth job reads past the end of the array.
          if squares[job % 100 == 0 ? 1_000 + job : job % 1_000] >= 0 { done.add() }
        }
      }
    }
  }.start(on: runtime)
  progress.show("\(jobs) jobs, one in a hundred crashes its worker")
  let time = ContinuousClock().measure {
    for job in 0..<jobs { try? channel.send(job) }
    runtime.waitUntilIdle()
  }
  let crashed = runtime.statistics.trapsContained
  supervisor.exit(.shutdown)
  runtime.waitUntilIdle()
  let millis = short(count(.milliseconds(1), in: time))
  return [
    "\(jobs) jobs in \(millis) ms: \(done.total) completed, \(crashed) crashed their own worker and nothing else",
    "workers restarted by their supervisor: \(starts.total - 1_000)",
  ]
}

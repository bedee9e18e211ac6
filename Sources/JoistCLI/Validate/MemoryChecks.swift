// SPDX-License-Identifier: Apache-2.0
//
// The check of how much memory a waiting process needs.

import Foundation
import Joist

extension Check {
  /// A hundred thousand processes that wait in `receive`, measured some time after they began to wait.
  static let memory = Check(
    "memory",
    "a waiting process needs little memory",
    .atMost(Built.isForDebugging ? 4_096 : 1_024),
    "bytes per process"
  ) { conditions in
    let (processes, patience) = (100_000, Duration.seconds(6))
    let waiting = Tally()
    let before = residentBytes()
    guard before > 0 else { throw CheckProblem("this system does not report a program's resident memory") }
    var (first, now) = (0, 0)
    try conditions.onRuntime(.init(schedulers: conditions.schedulers)) { runtime in
      for _ in 0..<processes {
        runtime.spawn(Int.self) { process in
          waiting.add()
          _ = try process.receive()
        }
      }
      runtime.waitUntilIdle()
      first = (residentBytes() - before) / processes
      // A process that has waited for a second gives its stack slot up, so the figure falls for a while.
      let end = ContinuousClock.now + patience
      var last = 0
      repeat {
        Thread.sleep(forTimeInterval: 0.2)
        last = now
        now = (residentBytes() - before) / processes
      } while ContinuousClock.now < end && (now != last || now > 1_024)
    }
    guard waiting.total == processes else { throw CheckProblem("only \(waiting.total) processes began") }
    return Measured(now, "\(processes) processes; \(first) bytes when they had just begun to wait")
  }
}

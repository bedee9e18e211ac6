// SPDX-License-Identifier: Apache-2.0
//
// A right program that the compiler refuses: the batch is filled in a function that returns `sending`. Should a
// compiler accept it, it moves to `Accepted`.
// error: sending 'jobs' risks causing data races

import Joist

final class Job { var size = 0 }

func send(_ ref: ProcessRef<[Job]>) {
  var jobs: [Job] = []
  for _ in 0..<9 {
    jobs.append(Job())
    ref.send(jobs)
    jobs = []
  }
}

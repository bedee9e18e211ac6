// SPDX-License-Identifier: Apache-2.0
//
// A correct program that the compiler rejects: the batch has to be filled in a function that returns `sending`. If a
// compiler ever accepts it, it moves to `Accepted`.
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

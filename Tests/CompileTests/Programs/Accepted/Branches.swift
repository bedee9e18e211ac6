// SPDX-License-Identifier: Apache-2.0
//
// A graph can be sent in one branch, and used in branches that do not send it.

import Joist

final class Job { var size = 0 }

func send(_ small: ProcessRef<Job>, _ large: ProcessRef<Job>, size: Int) -> Int {
  let job = Job()
  job.size = size
  if job.size > 10 {
    large.send(job)
  } else if job.size > 1 {
    small.send(job)
  } else {
    job.size = 0
    return job.size
  }
  return 1
}

func pass(_ ref: ProcessRef<Job>, _ job: sending Job) { ref.send(job) }

// SPDX-License-Identifier: Apache-2.0
//
// A loop sends graphs, each made for its message.

import Joist

final class Job { var size = 0 }

func batch(_ count: Int) -> sending [Job] {
  var jobs: [Job] = []
  for _ in 0..<count { jobs.append(Job()) }
  return jobs
}

func send(_ ref: ProcessRef<[Job]>) {
  for count in 0..<10 { ref.send(batch(count)) }
  for count in 0..<10 { ref.send((0..<count).map { _ in Job() }) }
  for size in 0..<10 {
    let job = Job()
    job.size = size
    ref.send([job])
  }
}

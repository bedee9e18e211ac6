// SPDX-License-Identifier: Apache-2.0
//
// Messages can have any type: tuples, functions, optionals, existentials, types of other modules.

import Joist

final class Job { var size = 0 }

func send(
  _ pairs: ProcessRef<(Int, Job)>,
  _ actions: ProcessRef<() -> Void>,
  _ jobs: ProcessRef<Job?>,
  _ anything: ProcessRef<Any>,
  _ texts: ProcessRef<[String: [Int]]>
) {
  pairs.send((1, Job()))
  let job = Job()
  actions.send { job.size += 1 }
  jobs.send(nil)
  jobs.send(Job())
  anything.send(Job())
  let text = ["a": [1]]
  texts.send(text)
  print(text)
}

// SPDX-License-Identifier: Apache-2.0
//
// Locks, channels, groups, names and timers, with graphs where they are moved.

import Joist

final class Job {
  var parts: [Job] = []
}

func work(_ process: ProcessContext<Job>, _ lock: ProcessLock<[Int]>, _ jobs: ProcessChannel<Job>) throws {
  lock.withLock { $0.append(1) }
  let sum = lock.withLock { $0.reduce(0, +) }
  let job = Job()
  job.parts.append(Job())
  try jobs.send(job)
  if let next = try jobs.receive() { process.ref.send(next) }
  let timer = process.sendAfter(.seconds(sum), to: process.ref, Job())
  process.cancel(timer)
  try process.register(as: "worker")
  let group = ProcessGroup<Job>()
  group.join(process.ref)
  group.broadcast { Job() }
}

func tick(_ process: ProcessContext<Int>) throws {
  process.sendEvery(.seconds(1), to: process.ref) { 1 }
  let group = ProcessGroup<Int>()
  group.broadcast(1)
  if let other = try process.lookup("other", as: String.self) { other.send("", urgent: true) }
}

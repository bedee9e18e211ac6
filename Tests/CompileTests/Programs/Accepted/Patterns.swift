// SPDX-License-Identifier: Apache-2.0
//
// `receive(matching:)` returns the part of a message that a pattern extracts, also a graph.

import Joist

enum Mail {
  case job(Job)
  case number(Int)
}

final class Job { var size = 0 }

func select(_ process: ProcessContext<Mail>, _ other: ProcessRef<Job>) throws {
  let job = try process.receive(matching: { mail -> Job? in if case .job(let job) = mail { job } else { nil } })
  job.size += 1
  other.send(job)
  var least: Int = try process.receive { if case .number(let number) = $0 { number } else { nil } }
  least += 1
  let large: Job? = try process.receive(
    matching: { [least] in if case .job(let job) = $0, job.size > least { job } else { nil } },
    timeout: .milliseconds(5)
  )
  if let large { other.send(large) }
}

// SPDX-License-Identifier: Apache-2.0
//
// A receive with a timeout returns an optional, which a loop can unwrap; each message can be sent on once.

import Joist

enum Mail {
  case job(Job)
  case number(Int)
  case stop
}

final class Job { var size = 0 }

func forward(_ process: ProcessContext<Mail>, _ other: ProcessRef<Mail>) throws {
  while let mail = try process.receive(timeout: .seconds(1)) {
    switch mail {
    case .job(let job):
      job.size += 1
      other.send(.job(job))
    case .number: other.send(mail)
    case .stop: return
    }
  }
}

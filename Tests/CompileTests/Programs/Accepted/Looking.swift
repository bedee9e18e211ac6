// SPDX-License-Identifier: Apache-2.0
//
// `peek` returns what is `Sendable`: a part of a graph, or the whole message.

import Joist

final class Job { var size = 0 }

func look(_ process: ProcessContext<Job>) -> Int {
  let size = process.peek { $0.size } ?? 0
  process.flush()
  return size + process.messageCount
}

func look(_ process: ProcessContext<Int>) -> Int { (process.peek() ?? 0) + process.flush() }

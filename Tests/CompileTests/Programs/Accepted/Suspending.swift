// SPDX-License-Identifier: Apache-2.0
//
// Every call that can suspend the process throws `ProcessExit` and nothing else.

import Joist

func wait(_ process: ProcessContext<Int>) throws(ProcessExit) {
  for turn in 0..<10 {
    try process.reduce(turn)
    try process.yield()
    try process.sleep(for: .milliseconds(1))
  }
  _ = try process.receive()
  _ = try process.receive(timeout: .zero)
  _ = try process.receive(where: { $0 > 1 })
  _ = try process.receive(where: { $0 > 1 }, timeout: .zero)
  let text: String = try process.receive { "\($0)" }
  let late: String? = try process.receive(matching: { "\($0)" }, timeout: .zero)
  try process.exit(text == late ? .normal : .shutdown)
}

func spawn(_ runtime: ProcessRuntime) { runtime.spawn(Int.self, wait) }

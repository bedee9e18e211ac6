// SPDX-License-Identifier: Apache-2.0
//
// Top-level code makes a runtime, processes and messages; the processes use its `Sendable` constants.

import Joist

enum Counter {
  case add(Int)
  case show
}

let runtime = try ProcessRuntime()
let greeting = "hello"
let counter = runtime.spawn(Counter.self) { process in
  var total = 0
  while true {
    switch try process.receive() {
    case .add(let number): total += number
    case .show: print(greeting, total)
    }
  }
}
counter.send(.add(2))
counter.send(.show)
runtime.spawn { _ in counter.send(.add(3)) }
runtime.waitUntilIdle()
counter.exit()
print(runtime.shutdown(), runtime.statistics.messagesSent, runtime.processes, runtime.schedulerCount)

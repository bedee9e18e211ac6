// SPDX-License-Identifier: Apache-2.0
import Joist

let runtime = try ProcessRuntime()
let counter = runtime.spawn(Int.self) { process in
  var total = 0
  while true {
    total += try process.receive()
    print("total:", total)
  }
}
runtime.spawn { process in
  for number in 1...3 { counter.send(number) }
}
runtime.waitUntilIdle()
runtime.shutdown()

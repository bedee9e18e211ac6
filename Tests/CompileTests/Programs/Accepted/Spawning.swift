// SPDX-License-Identifier: Apache-2.0
//
// A body is a closure, a function, or a method; options come before it; the result can be ignored.

import Joist

struct Tally {
  var seen = 0

  mutating func run(_ process: ProcessContext<Int>) throws {
    while true {
      _ = try process.receive()
      seen += 1
    }
  }
}

func serve(_ process: ProcessContext<Int>) throws { _ = try process.receive() }

func spawn(_ runtime: ProcessRuntime) throws {
  runtime.spawn(Int.self, serve)
  runtime.spawn(Int.self, options: .init(priority: .high, stack: .dedicated(bytes: 1 << 20)), serve)
  runtime.spawn(options: .init(reductionsPerSlice: 100)) { process in try process.yield() }
  runtime.spawn(Int.self) { process in
    var tally = Tally()
    try tally.run(process)
  }
  let nobody: ProcessRef<Never> = runtime.spawn { _ in }
  nobody.exit()
}

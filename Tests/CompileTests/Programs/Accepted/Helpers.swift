// SPDX-License-Identifier: Apache-2.0
//
// A context can be passed to functions, objects and closures that stay in its process.

import Joist

final class Desk {
  let process: ProcessContext<Int>
  var ids: Set<Int> = []

  init(_ process: ProcessContext<Int>) { self.process = process }

  func run() throws {
    while true { ids.insert(try process.receive(where: { [ids] in !ids.contains($0) })) }
  }
}

func help(_ process: ProcessContext<Int>) throws {
  let readings = try (0..<3).map { _ in try process.receive() }
  let later = { try process.yield() }
  try later()
  if readings.isEmpty { try Desk(process).run() }
}

func spawn(_ runtime: ProcessRuntime) {
  runtime.spawn(Int.self) { try Desk($0).run() }
  runtime.spawn(Int.self) { try help($0) }
}

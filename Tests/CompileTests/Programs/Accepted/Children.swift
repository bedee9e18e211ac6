// SPDX-License-Identifier: Apache-2.0
//
// A process spawns others and gives them its address.

import Joist

enum Mail {
  case done(ProcessID)
  case stop
}

func parent(_ process: ProcessContext<Mail>) throws {
  let children = (0..<3).map { _ in
    process.spawn(Int.self) { [boss = process.ref] child in
      _ = try child.receive()
      boss.send(.done(child.id))
    }
  }
  for (number, child) in children.enumerated() { child.send(number) }
  process.spawn(options: .init(priority: .low)) { [boss = process.ref] _ in boss.send(.stop) }
  while case .done(let id) = try process.receive() { print(id) }
}

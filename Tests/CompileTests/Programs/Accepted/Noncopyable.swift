// SPDX-License-Identifier: Apache-2.0
//
// Noncopyable messages are sent, received and sent on.

import Joist

struct File: ~Copyable {
  let number: Int32

  deinit { print("closed", number) }
}

enum Mail: ~Copyable {
  case keep(File)
  case stop
}

func serve(_ runtime: ProcessRuntime, _ other: ProcessRef<File>) {
  let files = runtime.spawn(Mail.self) { process in
    while true {
      switch try process.receive() {
      case .keep(let file): other.send(file)
      case .stop: return
      }
    }
  }
  let file = File(number: 3)
  files.send(.keep(file))
  files.send(.stop)
}

func drain(_ process: ProcessContext<File>) throws {
  while let file = try process.receive(timeout: .seconds(1)) { print(file.number, process.messageCount) }
  print(process.flush(), process.ref, process.id)
}

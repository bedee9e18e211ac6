// SPDX-License-Identifier: Apache-2.0
//
// Functions and processes are generic over their messages, copyable or not.

import Joist

func forward<Message: ~Copyable>(_ process: ProcessContext<Message>, to other: ProcessRef<Message>) throws {
  while true { other.send(try process.receive()) }
}

func relay<Message>(_ runtime: ProcessRuntime, to other: ProcessRef<Message>) -> ProcessRef<Message> {
  runtime.spawn(Message.self) { try forward($0, to: other) }
}

struct Pool<Work> {
  let ref: ProcessRef<Work>

  init(_ runtime: ProcessRuntime, size: Int, work: @escaping @Sendable (sending Work) throws -> Void) {
    ref = runtime.spawn(Work.self) { process in
      let workers = (0..<size).map { _ in
        process.spawn(Work.self) { worker in while true { try work(try worker.receive()) } }
      }
      var turn = 0
      while true {
        workers[turn % size].send(try process.receive())
        turn += 1
      }
    }
  }
}

func pool(_ runtime: ProcessRuntime) { Pool<[Int]>(runtime, size: 3) { print($0.count) }.ref.send([1, 2]) }

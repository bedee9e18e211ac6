// SPDX-License-Identifier: Apache-2.0
//
// Examples of the primitives that park a process: lock, semaphore, barrier, channel and once.

import Joist

extension Snippets {
  static func lock(_ runtime: ProcessRuntime) {
    let visits = ProcessLock<[String: Int]>([:])
    for page in ["home", "help", "home"] {
      runtime.spawn { process in
        try visits.withLock { table in
          try process.yield()  // a process may wait while it holds the lock
          table[page, default: 0] += 1
        }
      }
    }
    runtime.waitUntilIdle()
    print(visits.withLock { $0["home"] ?? 0 })  // prints 2
  }

  static func semaphore(_ runtime: ProcessRuntime) {
    let connections = ProcessSemaphore(permits: 2)
    for number in 1...6 {
      runtime.spawn { process in
        try connections.withPermit {
          try process.sleep(for: .milliseconds(number))  // at most two processes are here
        }
      }
    }
    runtime.waitUntilIdle()
    print((1...3).map { _ in connections.tryAcquire() })  // prints [true, true, false]
  }

  static func barrier(_ runtime: ProcessRuntime) {
    let start = ProcessBarrier(parties: 3)
    for number in 1...3 {
      runtime.spawn { process in
        try process.sleep(for: .milliseconds(number))
        if try start.wait() == .last { print("all are here") }  // prints all are here
      }
    }
  }

  static func channel(_ runtime: ProcessRuntime) {
    let numbers = ProcessChannel<Int>(capacity: 2)
    runtime.spawn { _ in
      for number in 1...5 { try numbers.send(number) }  // parks while it is full
      numbers.close()
    }
    runtime.spawn { _ in
      var sum = 0
      while let number = try numbers.receive() { sum += number }
      print("sum:", sum)  // prints sum: 15
    }
  }

  static func once(_ runtime: ProcessRuntime) {
    let setUp = Once()
    for _ in 1...3 {
      runtime.spawn { _ in
        setUp.run { print("set up") }  // prints set up
      }
    }
    runtime.waitUntilIdle()
    print(setUp.isDone)  // prints true
  }
}

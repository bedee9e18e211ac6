// SPDX-License-Identifier: Apache-2.0
//
// Examples of timers, names, groups and descriptors.

import Foundation
import Joist

extension Snippets {
  static func timers(_ runtime: ProcessRuntime) {
    runtime.spawn(String.self) { process in
      let late = process.sendAfter(.seconds(60), to: process.ref, "late")
      process.sendAfter(.milliseconds(5), to: process.ref, "soon")
      print(try process.receive())  // prints soon
      print(process.cancel(late) != nil, process.remaining(late) == nil)  // prints true true
    }
  }

  static func ticking(_ runtime: ProcessRuntime) {
    enum Mail { case tick }

    runtime.spawn(Mail.self) { process in
      process.sendEvery(.milliseconds(5), to: process.ref) { .tick }
      for number in 1...3 {
        _ = try process.receive()
        print("tick", number)
        // prints tick 1
        // prints tick 2
        // prints tick 3
      }
    }
  }

  static func names(_ runtime: ProcessRuntime) throws {
    let clock = runtime.spawn(String.self) { process in
      while true { print("the clock got", try process.receive()) }
    }
    try runtime.register(clock, as: "clock")
    do {
      _ = try runtime.lookup("clock", as: Int.self)
    } catch {
      print(error)  // prints 'clock' takes messages of Swift.String, and not of Swift.Int
    }
    try runtime.lookup("clock", as: String.self)?.send("a message")  // prints the clock got a message
  }

  static func typedNames(_ runtime: ProcessRuntime) {
    let clock: ProcessName<String> = "clock"
    runtime.spawn(String.self, options: .init(name: clock.text)) { process in
      print("the clock got", try process.receive())  // prints the clock got a message
    }
    runtime.spawn { process in
      try process.send("a message", to: clock)
    }
  }

  static func group(_ runtime: ProcessRuntime) {
    let readers = ProcessGroup<String>()
    for _ in 1...2 {
      readers.join(runtime.spawn(String.self) { process in print("read", try process.receive()) })
    }
    let count = readers.broadcast("news")
    // prints read news
    // prints read news
    runtime.waitUntilIdle()
    print(count)  // prints 2
  }

  static func errorNumber(_ runtime: ProcessRuntime) {
    runtime.spawn { process in
      let result = close(-1)
      let error = errno  // before the next suspension point
      try process.yield()
      if result < 0 { print(error == EBADF) }  // prints true
    }
  }

  static func descriptors(_ runtime: ProcessRuntime) {
    let pipe = Pipe()
    runtime.spawn { process in
      let reader = pipe.fileHandleForReading
      if try process.waitReadable(reader.fileDescriptor, timeout: .seconds(10)) {
        print(String(decoding: reader.availableData, as: UTF8.self))  // prints hello
      }
    }
    runtime.spawn { process in
      let writer = pipe.fileHandleForWriting
      _ = try process.waitWritable(writer.fileDescriptor)
      writer.write(Data("hello".utf8))
    }
  }
}

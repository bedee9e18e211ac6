// SPDX-License-Identifier: Apache-2.0
//
// Examples of processes: how they are spawned, ended, observed and paused.

import Joist

extension Snippets {
  static func process(_ runtime: ProcessRuntime) {
    let printer = runtime.spawn(String.self) { process in
      while true { print("got", try process.receive()) }
    }
    printer.send("one")  // prints got one
    printer.send("two")  // prints got two
    runtime.waitUntilIdle()
    print(printer.isAlive)  // prints true
  }

  static func options(_ runtime: ProcessRuntime) throws {
    let options = SpawnOptions(
      name: "log",
      priority: .low,
      mailbox: .bounded(1_000, whenFull: .dropOldest),
      memoryLimit: 16 << 20
    )
    let log = try runtime.trySpawn(String.self, options: options) { process in
      while true { print(try process.receive()) }
    }
    print(runtime.registeredNames)  // prints ["log"]
    log.send("started")  // prints started
  }

  static func taskLocals(_ runtime: ProcessRuntime) {
    Visit.$number.withValue(7) {
      let greeter = runtime.spawn(TaskLocalValues.self) { process in
        try process.receive().bind {
          try process.yield()
          print("greets visit", Visit.number)
        }
      }
      let visit = TaskLocalValues(of: Visit.$number)
      runtime.spawn(options: .init(taskLocals: visit)) { _ in
        print("spawned for visit", Visit.number)  // prints spawned for visit 7
        greeter.send(visit)  // prints greets visit 7
      }
    }
  }

  static func children(_ runtime: ProcessRuntime) {
    runtime.spawn(Int.self) { process in
      let parent = process.ref
      for number in 1...3 {
        process.spawn { _ in parent.send(number * number) }
      }
      var sum = 0
      for _ in 1...3 { sum += try process.receive() }
      print("sum:", sum)  // prints sum: 14
    }
  }

  static func ending(_ runtime: ProcessRuntime) {
    struct OutOfPaper: Error {}

    let printer = runtime.spawn { process in
      try process.sleep(for: .milliseconds(200))
      throw OutOfPaper()
    }
    let idle = runtime.spawn { process in
      defer { print("cleaned up") }
      try process.sleep(for: .seconds(60))
    }
    runtime.spawn { process in
      print(try process.join(printer) ?? .normal)  // prints error: OutOfPaper()
      idle.exit()  // prints cleaned up
    }
  }

  static func computing(_ runtime: ProcessRuntime) {
    runtime.spawn { process in
      var sum = 0
      for number in 1...1_000_000 {
        sum &+= number
        try process.reduce(1)  // at the end of a slice, others run
      }
      print(sum)  // prints 500000500000
    }
  }

  static func blocking(_ runtime: ProcessRuntime) {
    runtime.spawn { process in
      let host = process.blocking { slowLookup("localhost") }
      print(host)  // prints 127.0.0.1
    }
  }

  static func suspending(_ runtime: ProcessRuntime) {
    let worker = runtime.spawn(Int.self) { process in
      while true { print("worked on", try process.receive()) }
    }
    runtime.waitUntilIdle()
    worker.suspend()
    worker.send(1)
    print(worker.snapshot?.state ?? .terminated)  // prints suspended
    worker.resume()  // prints worked on 1
  }

  static func snapshot(_ runtime: ProcessRuntime) {
    let idle = runtime.spawn(Int.self, options: .init(priority: .high)) { process in
      _ = try process.receive()
    }
    runtime.waitUntilIdle()
    guard let info = idle.snapshot else { return }
    print(info.state, info.priority)  // prints waiting high
    print(info.waitReason == .receive, info.memory.total > 0)  // prints true true
  }

  static func hibernating(_ runtime: ProcessRuntime) {
    let session = runtime.spawn(String.self) { process in
      while true {
        try process.hibernate()  // keeps no stack until there is a message
        print("awake for", try process.receive())
      }
    }
    session.send("a request")  // prints awake for a request
  }

  static func runtimes(_: ProcessRuntime) throws {
    var configuration = ProcessRuntime.Configuration()
    configuration.schedulers = 2
    configuration.processLimit = 10_000
    let runtime = try ProcessRuntime(configuration)

    for _ in 1...100 { runtime.spawn { process in try process.yield() } }
    runtime.waitUntilIdle()
    print(runtime.schedulerCount)  // prints 2
    print(runtime.statistics.processesEnded)  // prints 100
    print(runtime.shutdown(deadline: .seconds(1)))  // prints []
  }

  /// What a task or a process does something for.
  private enum Visit { @TaskLocal static var number = 0 }

  /// Stands for a call that holds its thread.
  private static func slowLookup(_ host: String) -> String { host == "localhost" ? "127.0.0.1" : "" }
}

// SPDX-License-Identifier: Apache-2.0
//
// The examples of the article on seeing inside.

import Joist
import JoistObservation

extension Snippets {
  static func statistics(_ runtime: ProcessRuntime) {
    let worker = runtime.spawn(Int.self, options: .init(name: "worker")) { process in
      while true { _ = try process.receive() }
    }
    for number in 1...3 { worker.send(number) }
    runtime.waitUntilIdle()
    guard let snapshot = runtime.snapshot(of: "worker") else { return }
    let statistics = snapshot.statistics
    print(statistics.messagesReceived, statistics.mailboxLength)  // prints 3 0
    print(snapshot.waitReason == .receive, statistics.cpuTime > .zero)  // prints true true
  }

  static func growth(_ runtime: ProcessRuntime) {
    let growth = ProcessGrowth(of: .messagesReceived, in: runtime)
    let busy = runtime.spawn(Int.self) { process in while true { _ = try process.receive() } }
    for number in 1...100 { busy.send(number) }
    runtime.waitUntilIdle()
    print(growth.top(limit: 1).map(\.value))  // prints [100]
    print(growth.top(limit: 1).isEmpty)  // prints true
  }

  static func trapEvents(_ runtime: ProcessRuntime) {
    runtime.handleReports { report in
      guard case .abnormalExit(_, _, .trap(let trap)) = report.event else { return }
      guard case .crashed = trap.events.last?.kind else { return }
      print("crashed", trap.events.count > 2)  // prints crashed true
    }
    runtime.spawn { process in
      process.mark("before the crash")
      let numbers: [Int] = []
      print(numbers[numbers.count])
    }
  }

  static func traceToken(_ runtime: ProcessRuntime) {
    let log = runtime.spawn(String.self) { log in
      while true {
        let line = try log.receive()
        print(log.traceToken.map { "\($0)" } ?? "-", line)  // prints 2a paid
      }
    }
    runtime.spawn { request in
      request.traceToken = TraceToken(42)
      request.spawn { part in log.send("paid") }
    }
  }

  static func brokenDeadlock(_: ProcessRuntime) throws {
    var configuration = ProcessRuntime.Configuration()
    configuration.onDeadlock = .breakYoungest
    let runtime = try ProcessRuntime(configuration)
    let first = runtime.spawn(ReplyTo<Int>.self, options: .init(name: "first")) { process in
      let reply = try process.receive()
      guard let second = try process.lookup("second", as: ReplyTo<Int>.self) else { return }
      do {
        reply.send(try process.call(second) { $0 })
      } catch CallError.deadlock {
        print("the call would have waited forever")  // prints the call would have waited forever
      }
    }
    runtime.spawn(ReplyTo<Int>.self, options: .init(name: "second")) { process in
      _ = try process.call(first) { $0 }
    }
    runtime.waitUntilIdle()
    runtime.shutdown()
  }

  static func controlSocket(_ runtime: ProcessRuntime) throws {
    let control = try runtime.openControlSocket()
    defer { control.close() }
    print(ControlClient.programs().contains { $0.path == control.path })  // prints true
  }

  static func dumpOnQuit(_ runtime: ProcessRuntime) throws {
    let dump = try runtime.dumpOnQuit(to: "hung.txt")
    dump.stop()
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// Examples of ends and crashes, and of the processes that learn of them.

import Foundation
import Joist

extension Snippets {
  static func crash(_ runtime: ProcessRuntime) {
    enum Mail { case down(Down) }

    let numbers = [1, 2, 3]
    runtime.spawn(Mail.self) { process in
      process.spawnMonitored(down: Mail.down) { _ in
        print(numbers[numbers.count])  // an index out of range
      }
      guard case .down(let down) = try process.receive() else { return }
      if case .trap = down.reason { print("it crashed, and this process did not") }
      // prints it crashed, and this process did not
    }
  }

  static func trapDetails(_ runtime: ProcessRuntime) {
    enum Mail { case down(Down) }

    let numbers = [1, 2, 3]
    runtime.spawn(Mail.self) { process in
      process.spawnMonitored(down: Mail.down) { _ in
        print(numbers[numbers.count])
      }
      guard case .down(let down) = try process.receive() else { return }
      guard case .trap(let trap) = down.reason else { return }
      let lines = process.blocking { trap.symbolicated() }
      log(lines.first { $0.contains("/Snippets/") } ?? "\(trap)")
    }
  }

  static func monitor(_ runtime: ProcessRuntime) {
    enum Mail { case down(Down) }

    let worker = runtime.spawn(Int.self) { process in _ = try process.receive() }
    runtime.spawn(Mail.self) { process in
      let monitor = process.monitor(worker, Mail.down)
      worker.send(1)
      guard case .down(let down) = try process.receive() else { return }
      print(down.monitor == monitor, down.process == worker.id, down.reason)  // prints true true normal
    }
  }

  static func link(_ runtime: ProcessRuntime) {
    let parent = runtime.spawn { process in
      let child = process.spawnLinked { child in
        try child.sleep(for: .seconds(60))
      }
      print("child:", child.isAlive)  // prints child: true
      try process.exit(.shutdown)
    }
    runtime.spawn { process in
      _ = try process.join(parent)
      try process.sleep(for: .milliseconds(200))
      print("left:", runtime.processes.count)  // prints left: 1
    }
  }

  static func trapExits(_ runtime: ProcessRuntime) {
    enum Mail { case exit(ExitSignal) }
    struct Bankrupt: Error {}

    runtime.spawn(Mail.self) { process in
      process.trapExits(Mail.exit)
      process.spawnLinked { _ in throw Bankrupt() }
      guard case .exit(let signal) = try process.receive() else { return }
      print("linked:", signal.reason)  // prints linked: error: Bankrupt()
    }
  }

  static func reports(_ runtime: ProcessRuntime) {
    runtime.handleReports { report in
      if case .abnormalExit(_, let name, let reason) = report.event {
        print(name ?? "?", "ended:", reason)  // prints worker ended: killed
      }
    }
    let worker = runtime.spawn(options: .init(name: "worker")) { process in
      try process.sleep(for: .seconds(60))
    }
    worker.exit(.killed)
  }

  static func containment(_ runtime: ProcessRuntime) {
    func depth(_ number: Int) -> Int { number < 0 ? 0 : 1 + depth(number + 1) }

    let deep = runtime.spawn { process in
      try process.sleep(for: .milliseconds(200))
      print(depth(1))  // recurses until the stack overflows
    }
    runtime.spawn { process in
      guard case .stackOverflow(let trap)? = try process.join(deep) else { return }
      print("overflowed at a known place:", !trap.backtrace.isEmpty)
      // prints overflowed at a known place: true
    }
  }

  /// Writes a line to the log, which is standard error here.
  static func log(_ line: String) { FileHandle.standardError.write(Data("\(line)\n".utf8)) }
}

// SPDX-License-Identifier: Apache-2.0
//
// State of the carrier thread that a process changes and that would reach another process after a suspension. The
// runtime detects such a suspension where it can.

import Dispatch
import Foundation
import Joist
import TestSupport
import Testing

/// Returns whether the program's standard error contains `text`.
private func said(_ text: String, _ result: ExitTest.Result?) -> Bool {
  result.map { String(decoding: $0.standardErrorContent, as: UTF8.self).contains(text) } ?? false
}

/// Runs `body` as a process of an exit test, whose program exits with status 7 if it survives.
private func run(_ body: @escaping @Sendable (ProcessContext<Never>) throws -> Void) throws {
  let runtime = try ProcessRuntime(.init(schedulers: 2))
  runtime.spawn(options: .init(), body)
  runtime.waitUntilIdle()
  exit(7)
}

private func endThread() { pthread_exit(nil) }

@Suite struct AcrossTests {
  #if DEBUG
    @Test func `P5: a suspension inside queue.sync stops the program with an error message, on any queue`() async {
      let sentence = "suspended inside `queue.sync`"
      let serial = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        try run { process in try DispatchQueue(label: "serial").sync { try process.yield() } }
      }
      #expect(said(sentence, serial))
      let barrier = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        let queue = DispatchQueue(label: "concurrent", attributes: .concurrent)
        try run { process in
          let number = try queue.sync(flags: .barrier) {
            try process.sleep(for: .seconds(60))
            return 1
          }
          print(number)
        }
      }
      #expect(said(sentence, barrier))
      let inner = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        let outer = DispatchQueue(label: "outer", attributes: .concurrent)
        try run { process in
          let peer = process.spawn { process in try process.sleep(for: .seconds(60)) }
          try outer.sync { try DispatchQueue(label: "inner").sync { _ = try process.join(peer) } }
        }
      }
      #expect(said(sentence, inner))
    }
  #endif

  @Test(.timeLimit(.minutes(15)))
  func `P5: a process may call queue.sync, and suspend before and after it`() throws {
    let queue = DispatchQueue(label: "shared")
    let count = Count()
    _ = try withRuntime(.init(schedulers: 2)) { runtime in
      for _ in 0..<4 {
        runtime.spawn { process in
          for _ in 0..<100 {
            queue.sync { count.add() }
            try process.yield()
          }
        }
      }
    }
    #expect(count.total == 400)
  }

  @Test func `P5: a process that ends its thread stops the program with an error message`() async {
    let process = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try run { _ in endThread() }
    }
    #expect(said("ended its thread", process))
    let closure = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try run { process in process.blocking { endThread() } }
    }
    #expect(said("ended its thread", closure))
  }

  @Test(.timeLimit(.minutes(15)))
  func `P5: the errno that a system call sets belongs to the process until it suspends`() throws {
    let wrong = Count()
    _ = try withRuntime(.init(schedulers: 2)) { runtime in
      for number in 0..<4 {
        runtime.spawn { process in
          for _ in 0..<200 {
            let descriptor = open("/nowhere/\(number)", O_RDONLY)
            let error = errno
            try process.yield()
            if descriptor >= 0 || error != ENOENT { wrong.add() }
          }
        }
      }
    }
    #expect(wrong.total == 0)
  }
}

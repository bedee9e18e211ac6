// SPDX-License-Identifier: Apache-2.0
//
// Crashes of a process that was told to exit, and crashes in a runtime that was started on a Dispatch thread or with
// the signals blocked.

import CFaultProbe
import Foundation
import Joist
import TestSupport
import Testing

@Suite struct CrashEdgeTests {
  @Test func `P5: a process that crashes after it was told to exit ends with the crash as its reason`() throws {
    let log = Log<ExitReason>()
    _ = try withRuntime(.init(schedulers: 1)) { runtime in
      runtime.spawn(Down.self) { process in
        let (child, _) = process.spawnMonitored(Int.self, down: { $0 }) { child in
          defer { print(number(from: nil)) }
          _ = try child.receive()
        }
        try process.yield()
        child.exit(.shutdown)
        log.add(try process.receive().reason)
      }
    }
    #expect(log.entries.count == 1 && log.entries.first?.trap != nil)
  }

  @Test func `P5: a crash is contained in a runtime that was started on a Dispatch thread`() async throws {
    let reason = try await withCheckedThrowingContinuation { continuation in
      DispatchQueue.global().async {
        continuation.resume(with: Result { try end(schedulers: 1) { _ in print(number(from: nil)) } })
      }
    }
    #expect(reason.trap != nil)
  }

  @Test func `P5: a crash is contained even if the thread that made the runtime had blocked all its signals`() async {
    await #expect(processExitsWith: .success) {
      // A new thread inherits the signal mask of the thread that makes it.
      for signal in [SIGILL, SIGTRAP, SIGABRT, SIGFPE, SIGBUS, SIGSEGV] { probe_block(signal) }
      let runtime = try ProcessRuntime(.init(schedulers: 1))
      runtime.spawn { _ in print(number(from: nil)) }
      await runtime.waitUntilIdle()
      precondition(runtime.statistics.trapsContained == 1)
    }
  }
}

/// Returns the number in `text`; traps when `text` is nil.
@inline(never)
private func number(from text: String?) -> Int { Int(text!)! }

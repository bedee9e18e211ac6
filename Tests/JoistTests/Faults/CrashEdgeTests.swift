// SPDX-License-Identifier: Apache-2.0
//
// Crashes of a process that was told to exit, and crashes in a runtime that was started on a Dispatch thread.

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
}

/// Returns the number in `text`; traps when `text` is nil.
@inline(never)
private func number(from text: String?) -> Int { Int(text!)! }

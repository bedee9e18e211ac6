// SPDX-License-Identifier: Apache-2.0
//
// A forked child runs nothing of its parent's runtime.

import CFaultProbe
import Foundation
import Joist
import TestSupport
import Testing

/// Forks in a process while another process is ready, and returns the child's status as `waitpid` reports it.
///
/// The other process writes one byte in the parent. If the child runs it as well, a second byte is written.
private func fork(_ child: @escaping @Sendable (ProcessContext<Never>) throws -> Void) throws -> Int32 {
  let status = Log<Int32>()
  let pipe = Pipe()
  let runtime = try ProcessRuntime(.init(schedulers: 1))
  runtime.spawn { process in
    process.spawn { _ in probe_write_byte(pipe.fileHandleForWriting.fileDescriptor) }
    let pid = probe_fork()
    if pid == 0 { return try child(process) }
    status.add(probe_wait(pid))
  }
  runtime.waitUntilIdle()
  runtime.shutdown()
  try pipe.fileHandleForWriting.close()
  precondition(pipe.fileHandleForReading.readDataToEndOfFile().count == 1, "the child ran a process of its parent")
  return status.entries[0]
}

/// Fails the exit test unless `holds` is true.
private func check(_ holds: Bool) { precondition(holds) }

/// Returns whether `status` says that a signal ended the program.
private func isSignal(_ status: Int32) -> Bool { status & 0x7f != 0 }

@Suite(.timeLimit(.minutes(15))) struct ForkTests {
  @Test func `P5: a crash in a forked child ends the child`() async {
    await #expect(processExitsWith: .success) {
      try check(isSignal(fork { _ in try WayOfDying.unwrap.die() }))
      try check(isSignal(fork { _ in print(probe_take_stack(600 << 10)) }))
    }
  }

  @Test func `P5: a forked child that suspends, returns or awaits a runtime ends with an error message`() async throws {
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
      try check(isSignal(fork { process in try process.yield() }))
      try check(isSignal(fork { process in try process.sleep(for: .milliseconds(1)) }))
      try check(isSignal(fork { _ in }))
      let runtime = try ProcessRuntime(.init(schedulers: 1))
      for call in [{ runtime.waitUntilIdle() }, { _ = runtime.shutdown() }, { _ = try? ProcessRuntime() }] {
        let pid = probe_fork()
        if pid == 0 {
          call()
          _exit(0)
        }
        precondition(isSignal(probe_wait(pid)))
      }
    }
    let text = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
    for what in ["a process suspended or ended", "a runtime was waited for", "a runtime was shut down"] {
      #expect(text.contains("\(what) in the child of a fork"))
    }
  }

  @Test func `P5: a forked child may execute another program`() async {
    await #expect(processExitsWith: .success) {
      try check(fork { _ in probe_execute("/bin/true") } == 0)
      try check(fork { _ in _exit(3) } == 3 << 8)
    }
  }
}

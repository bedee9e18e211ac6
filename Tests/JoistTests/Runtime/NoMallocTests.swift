// SPDX-License-Identifier: Apache-2.0
//
// Nothing is allocated from malloc under a spin lock: that may fail, and the lock would never be let go of.

import CFaultProbe
import Joist
import TestSupport
import Testing

/// What a process may do that allocates.
private enum Doing: CaseIterable, Sendable {
  case spawn, send, monitor, link, timer, call, wait, heap, register, bounded

  func run(_ process: ProcessContext<Int>) throws {
    switch self {
    case .spawn: for _ in 0..<1_000 { process.spawn { _ in } }
    case .send:
      let other = process.spawn(InlineArray<20, Int>.self) { other in for _ in 0..<2_000 { _ = try other.receive() } }
      for number in 0..<2_000 { other.send(.init(repeating: number)) }
    case .monitor:
      let one = process.spawn(Int.self) { _ = try $0.receive() }
      for _ in 0..<100 { process.monitor(one) { _ in 1 } }
      one.send(1)
      for _ in 0..<100 { _ = try process.receive() }
    case .link:
      try process.trapExits { _ in 1 }
      for _ in 0..<100 { process.spawnLinked { _ in } }
      for _ in 0..<100 { _ = try process.receive() }
    case .timer:
      for number in 0..<1_000 {
        let timer = process.sendAfter(.seconds(100 + number), to: process.ref, 1)
        process.cancel(timer)
      }
    case .call:
      let server = process.spawn(ReplyTo<Int>.self) { server in for _ in 0..<50 { try server.receive().send(1) } }
      for _ in 0..<50 { _ = try process.call(server, timeout: .seconds(60)) { $0 } }
    case .wait: for _ in 0..<3 { _ = try process.receive(timeout: .microseconds(1)) }
    case .heap:
      for number in 1..<200 {
        var array = try process.heap.allocateArray(repeating: number, count: 10 * number)
        process.heap.collect(keeping: &array)
      }
    case .register:
      for number in 0..<50 {
        process.spawn(Int.self, options: .init(name: "\(self) \(number)")) { _ = try $0.receive(timeout: .zero) }
      }
    case .bounded:
      let other = process.spawn(Int.self, options: .init(mailbox: .bounded(5, whenFull: .block))) { other in
        for _ in 0..<100 { _ = try other.receive() }
      }
      for number in 0..<100 { other.send(number) }
    }
  }
}

@Suite struct NoMallocTests {
  // Emulated, spare schedulers stand in, and the process goes on on a thread with counts of its own.
  @Test(.enabled(if: many(10) == 10), arguments: Doing.allCases)
  fileprivate func `I2: no lock of the runtime's is held while malloc is called`(doing: Doing) throws {
    let calls = Log<Int64>()
    // The first time Swift's runtime makes what it keeps for good, wherever it is asked for that.
    for _ in 0..<2 {
      _ = try withRuntime(.init(schedulers: 1)) { runtime in
        runtime.spawn(Int.self) { process in
          let before = probe_malloc_calls_under_locks()
          try doing.run(process)
          _ = runtime.trim()
          calls.add(probe_malloc_calls_under_locks() - before)
        }
      }
    }
    #expect(calls.entries.last == 0)
  }
}

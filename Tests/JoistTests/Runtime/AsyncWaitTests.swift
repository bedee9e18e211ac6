// SPDX-License-Identifier: Apache-2.0
//
// Tasks wait for a runtime without holding their thread.

import Joist
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(15))) struct AsyncWaitTests {
  @Test func `I2: a task that waits for a runtime lets other tasks run on its thread`() async throws {
    let runtime = try ProcessRuntime(.init(schedulers: 1))
    let receiver = runtime.spawn(Int.self) { process in _ = try process.receive(timeout: .seconds(3_600)) }
    #expect(await !runtime.waitUntilIdle(timeout: .milliseconds(1)))
    // There are more waits than threads for tasks, and the waits end by a task, too.
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<100 { group.addTask { await runtime.waitUntilIdle() } }
      group.addTask { receiver.send(1) }
    }
    #expect(await runtime.shutdown().isEmpty)
    #expect(await runtime.waitUntilIdle(timeout: .zero))
  }

  @Test func `I2: a task that shuts a runtime down is told which processes outlived it`() async throws {
    let runtime = try ProcessRuntime(.init(schedulers: 1))
    let (began, over) = (Count(), Count())
    let looping = runtime.spawn { _ in
      began.add()
      while over.total == 0 {}
    }
    while began.total == 0 { await Task.yield() }
    #expect(await runtime.shutdown(deadline: .milliseconds(1)) == [looping.id])
    over.add()
  }
}

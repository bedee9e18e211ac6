// SPDX-License-Identifier: Apache-2.0
//
// Task-local values that a process gets from the one that spawned it, or with a message.

import Joist
import TestSupport
import Testing

private enum Locals {
  @TaskLocal static var name = "none"
  @TaskLocal static var number = 0

  static var all: String { "\(name) \(number)" }
}

private struct Sorry: Error {}

@Suite(.timeLimit(.minutes(15))) struct TaskLocalValuesTests {
  @Test func `A2: a spawned process has the task-local values that its options have, and no others`() async throws {
    let runtime = try ProcessRuntime(.init(schedulers: 1))
    let log = Log<String>()
    Locals.$name.withValue("a name") {
      Locals.$number.withValue(5) {
        let both = TaskLocalValues(of: Locals.$name, Locals.$number)
        runtime.spawn { _ in log.add(Locals.all) }
        runtime.spawn(options: .init(taskLocals: .init(of: Locals.$number))) { _ in log.add(Locals.all) }
        runtime.spawn(options: .init(taskLocals: both)) { process in
          try process.yield()
          log.add(Locals.all)
          process.spawn { _ in log.add(Locals.all) }
          process.spawn(options: .init(taskLocals: both)) { _ in log.add(Locals.all) }
        }
      }
    }
    #expect(await runtime.waitUntilIdle(timeout: testLimit))
    #expect(log.entries == ["none 0", "none 5", "a name 5", "none 0", "a name 5"])
    await runtime.shutdown()
  }

  @Test func `A2: a receiver binds the values that came with a message, also while it waits`() async throws {
    let runtime = try ProcessRuntime(.init(schedulers: 1))
    let log = Log<String>()
    let receiver = runtime.spawn(TaskLocalValues.self) { process in
      for _ in 0..<2 {
        try process.receive().bind {
          try process.yield()
          log.add(Locals.all)
        }
        log.add(Locals.all)
      }
    }
    for name in ["one", "two"] { Locals.$name.withValue(name) { receiver.send(.init(of: Locals.$name)) } }
    #expect(await runtime.waitUntilIdle(timeout: testLimit))
    #expect(log.entries == ["one 0", "none 0", "two 0", "none 0"])
    await runtime.shutdown()
  }

  @Test func `A2: bound code returns and throws as it does without values`() {
    let values = TaskLocalValues(of: Locals.$name)
    #expect(values.bind { 7 } == 7)
    #expect(throws: Sorry.self) { try values.bind { throw Sorry() } }
    #expect(values == values && values != TaskLocalValues(of: Locals.$name))
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// Tasks: pieces of work, each in a process of its own.

import Joist
import JoistSupervision
import TestSupport
import Testing

@Suite struct TaskTests {
  /// Returns what a process logs that has a task supervisor of its own.
  private func trial(
    _ body: @escaping @Sendable (ProcessContext<Int>, TaskSupervisor, Log<String>) throws -> Void
  ) throws -> [String] {
    let simulation = try HandDriven()
    let log = Log<String>()
    simulation.runtime.spawn(Int.self) { process in
      do { try body(process, try TaskSupervisor.start(linkedTo: process), log) } catch { log.add("\(error)") }
    }
    simulation.run()
    #expect(simulation.runtime.processes.isEmpty)
    return log.entries
  }

  @Test func `a task's result is awaited and can be taken once`() throws {
    let log = try trial { process, tasks, log in
      let early = tasks.async { _ in 1 }
      let late = tasks.async { task in
        try task.sleep(for: .seconds(1))
        return 2
      }
      log.add("\(try process.await(late)) \(try process.await(early))")
      _ = try process.await(early)
    }
    #expect(log == ["2 1", "the task's result was already taken"])
  }

  @Test func `a task's objects move in and out`() throws {
    let tracker = Tracker()
    let log = try trial { process, tasks, log in
      let object = Disconnected(Tracked(tracker, 1))
      let task = tasks.async { _ in
        let object = object.open()
        object.number += 1
        return object
      }
      log.add("\(try process.await(task).number)")
    }
    #expect(log == ["2"] && tracker.count == 0)
  }

  @Test func `P5: a task whose process cannot be created fails alone, with the error`() throws {
    let log = try trial { process, tasks, log in
      let first = tasks.async(options: .init(name: "one")) { task in
        try task.sleep(for: .seconds(1))
        return 1
      }
      let second = tasks.async(options: .init(name: "one")) { _ in 2 }
      do { log.add("\(try process.await(second))") } catch { log.add("\(error)") }
      log.add("\(try process.await(first)) \(try process.await(tasks.async { _ in 3 }))")
    }
    #expect(log.count == 2 && log[0].contains("the name 'one' is taken by") && log[1] == "1 3")
  }

  @Test func `P5: a task that throws, exits or is killed is an error for a caller, which continues`() throws {
    let log = try trial { process, tasks, log in
      let failing = [
        tasks.async { (_) throws -> Int in throw Failure() },
        tasks.async { (task) throws -> Int in try task.exit(.shutdown) },
        tasks.async { (task) throws -> Int in
          task.ref.exit(.killed)
          try task.yield()
          return 1
        },
      ]
      for task in failing { do { _ = try process.await(task) } catch { log.add("\(error)") } }
    }
    let text = "the task ended without a result: "
    #expect(log == [text + "error: Failure()", text + "shutdown", text + "killed"])
  }

  @Test func `P5: a task that is killed before it is awaited is an error for a later await`() throws {
    let log = try trial { process, tasks, _ in
      let task = tasks.async { (task) throws -> Int in
        try task.sleep(for: .seconds(100))
        return 1
      }
      task.cancel(.killed)
      try process.sleep(for: .seconds(1))
      _ = try process.await(task)
    }
    #expect(log == ["the task ended without a result: killed"])
  }

  @Test func `a result is not lost when a wait times out`() throws {
    let log = try trial { process, tasks, log in
      let task = tasks.async { task in
        try task.sleep(for: .seconds(3))
        return 1
      }
      do { _ = try process.await(task, timeout: .seconds(1)) } catch { log.add("\(error)") }
      log.add("\(try process.await(task, timeout: .seconds(10)))")
    }
    #expect(log == ["the timeout passed before the task ended", "1"])
  }

  @Test func `P5: a linked task that fails ends its owner, and a linked task ends with its owner`() throws {
    let simulation = try HandDriven()
    let log = Log<String>()
    let tasks = try TaskSupervisor.start(on: simulation.runtime)
    let first = simulation.runtime.spawn { process in
      _ = tasks.asyncLinked(to: process) { _ in throw Failure() }
      try process.sleep(for: .seconds(1))
    }
    let second = simulation.runtime.spawn { process in
      _ = tasks.asyncLinked(to: process) { task in
        defer { log.add("task ended") }
        try task.sleep(for: .seconds(100))
      }
      let good = tasks.asyncLinked(to: process) { _ in 5 }
      log.add("\(try process.await(good))")
      try process.sleep(for: .seconds(1))
      try process.exit(.shutdown)
    }
    simulation.runtime.spawn { log.add("first: \(try $0.join(first)!)") }
    simulation.runtime.spawn { log.add("second: \(try $0.join(second)!)") }
    simulation.run()
    #expect(Set(log.entries) == ["first: error: Failure()", "5", "second: shutdown", "task ended"])
    #expect(tasks.isAlive)
  }

  @Test func `P5: tasks end with their supervisor, and awaiting them throws`() throws {
    let simulation = try HandDriven()
    let log = Log<String>()
    let tasks = try TaskSupervisor.start(on: simulation.runtime)
    for _ in 0..<3 { tasks.fireAndForget { try $0.sleep(for: .seconds(1_000)) } }
    simulation.runtime.spawn { process in
      let task = tasks.async { try $0.sleep(for: .seconds(1_000)) }
      do { try process.await(task) } catch { log.add("\(error)") }
      let late = tasks.async { _ in 1 }
      do { _ = try process.await(late) } catch { log.add("\(error)") }
    }
    simulation.run(passingTime: false)
    tasks.shutdown()
    simulation.run(passingTime: false)
    let text = "the task ended without a result: "
    #expect(log.entries == [text + "shutdown", text + "shutdown"])
    #expect(simulation.runtime.processes.isEmpty)
  }

  @Test func `a stream runs at most its maximum of tasks and returns results in order`() throws {
    let (running, totals) = (Count(), Log<Int>())
    let log = try trial { process, tasks, log in
      var stream = tasks.asyncStream(0..<20, maximum: 3) { number, task in
        running.add()
        totals.add(running.total)
        defer { running.add(-1) }
        try task.sleep(for: .milliseconds((number * 7) % 5))
        if number == 4 { throw Failure() }
        return number
      }
      while let outcome = try stream.next(in: process) {
        switch outcome {
        case .success(let number): log.add("\(number)")
        case .failure(let error): log.add("\(error)")
        }
      }
    }
    var expected = (0..<20).map { "\($0)" }
    expected[4] = "the task ended without a result: error: Failure()"
    #expect(log == expected && totals.entries.max() == 3)
  }

  @Test func `a map throws the first failure and kills the tasks behind it`() throws {
    let log = try trial { process, tasks, log in
      log.add("\(try tasks.map([3, 1, 2], maximum: 2, in: process) { number, _ in number * 10 })")
      log.add("\(try tasks.map([Int](), maximum: 1, in: process) { number, _ in number })")
      _ = try tasks.map(0..<10, maximum: 5, in: process) { number, task in
        if number == 1 { throw Failure() }
        if number > 1 { try task.sleep(for: .seconds(1_000_000)) }
      }
    }
    #expect(log == ["[30, 10, 20]", "[]", "the task ended without a result: error: Failure()"])
  }

  @Test func `a stream kills a task that exceeds its timeout`() throws {
    let log = try trial { process, tasks, log in
      var stream = tasks.asyncStream([1, 0], maximum: 2, timeout: .seconds(1)) { number, task in
        defer { if number == 1 { log.add("killed") } }
        try task.sleep(for: .seconds(1_000_000 * number))
        return number
      }
      while let outcome = try stream.next(in: process) { log.add("\(outcome)") }
      try process.sleep(for: .seconds(1))
      log.add("a second later")
    }
    #expect(log.count == 4 && log[0].contains("the timeout passed") && log[3] == "a second later", "\(log)")
    #expect(Set(log[1...2]) == ["success(0)", "killed"])
  }

  @Test func `threads and Swift tasks can await a result`() async throws {
    let runtime = try ProcessRuntime(.init(schedulers: 1))
    try await withLimit("every task has ended", on: runtime) {
      let tasks = try TaskSupervisor.start(on: runtime)
      let task = tasks.async { _ in 1 }
      #expect(try await task.value() == 1)
      let endless = tasks.async { try $0.sleep(for: .seconds(1_000)) }
      await #expect(throws: TaskError.self) { try await endless.value(timeout: .milliseconds(1)) }
      let blocking = { () throws -> Int in try tasks.async { _ in 2 }.valueBlocking() }
      #expect(try blocking() == 2)
    }
    await runtime.shutdown()
  }

  @Test func `P5: a task supervisor that is a child is found by its name after every restart`() throws {
    let stage = try Stage()
    let top = try stage.start(Supervisor(.oneForOne) { Child.taskSupervisor("tasks") })
    for restarts in 0..<3 {
      let result = try stage.inProcess { process in
        let tasks = try TaskSupervisor(named: "tasks", in: process)!
        defer { tasks.shutdown() }
        return try process.await(tasks.async { _ in 9 })
      }
      #expect(result == 9)
      #expect(try stage.child("tasks", of: top)?.restarts == restarts + 1)
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// What changes for a program when a runtime runs its tasks, and what happens after a crash that no guard is around.

import Joist
import JoistConcurrency
import TestSupport
import Testing

private actor Till { func open() -> Int { crash() } }

@Suite(.timeLimit(.minutes(15))) struct TaskTakeoverTests {
  @Test func `A1: tasks run in processes of the runtime, and the main actor elsewhere`() async {
    await #expect(processExitsWith: .exitCode(0)) {
      try await endProgram { runtime in
        let before = runtime.statistics.processesCreated
        let isInProcess = await Task { CurrentProcess.here != nil }.value
        let isElsewhere = await MainActor.run { CurrentProcess.here == nil }
        return isInProcess && isElsewhere && runtime.statistics.processesCreated > before
      }
    }
  }

  @Test func `A1: tasks that never suspend starve no other task`() async {
    await #expect(processExitsWith: .exitCode(0)) {
      try await endProgram { runtime in
        let isOver = Count()
        for _ in 0..<8 { Task.detached { while isOver.total == 0 {} } }
        for _ in 0..<1_000 { await Task.yield() }
        isOver.add()
        return true
      }
    }
  }

  @Test func `A1: tasks sleep for as long as they were to, without a process meanwhile`() async {
    await #expect(processExitsWith: .exitCode(0)) {
      try await endProgram { runtime in
        let start = ContinuousClock.now
        let living = await withTaskGroup(of: Void.self, returning: Int.self) { group in
          for _ in 0..<100 { group.addTask { _ = try? await rest(for: .milliseconds(300)) } }
          _ = try? await rest(for: .milliseconds(150))
          return Array(runtime.processStatistics).count
        }
        return ContinuousClock.now - start >= .milliseconds(300) && living < 20
      }
    }
  }

  @Test func `A1: tasks go on after the runtime has been shut down`() async {
    await #expect(processExitsWith: .exitCode(0)) {
      try await endProgram { runtime in
        let sleeper = Task { try await rest(for: .seconds(2)) }
        await Task.yield()
        await runtime.shutdown()
        try await sleeper.value
        let start = ContinuousClock.now
        try await rest(for: .milliseconds(20))
        return await Task { CurrentProcess.here == nil && ContinuousClock.now - start >= .milliseconds(20) }.value
      }
    }
  }

  @Test func `A1: tasks that wait for their turn when the runtime is shut down lose nothing`() async {
    await #expect(processExitsWith: .exitCode(0)) {
      // On one scheduler, no other task begins before this one suspends.
      try await endProgram(schedulers: 1) { runtime in
        await Task {
          let tasks = (0..<1_000).map { number in Task { number } }
          await runtime.shutdown()
          var sum = 0
          for task in tasks { sum += await task.value }
          return sum == 499_500
        }.value
      }
    }
  }

  @Test func `A1: a crash when the runtime is shut down ends its guarded call`() async {
    await #expect(processExitsWith: .exitCode(0)) {
      try await endProgram(schedulers: 1) { runtime in
        let calls = (0..<100).map { _ in Task { await crashes(runtime) { crash() } } }
        for _ in 0..<3 { await Task.yield() }
        await runtime.shutdown()
        for call in calls { _ = await call.value }
        return true
      }
    }
  }

  @Test func `A1: a runtime that has been shut down is refused, and another one can take the tasks over, once`() async {
    await #expect(processExitsWith: .exitCode(0)) {
      let ended = try ProcessRuntime(.init(schedulers: 1))
      await ended.shutdown()
      var reasons: [TaskTakeoverError] = []
      do throws(TaskTakeoverError) { try ended.takeOverTasks() } catch { reasons.append(error) }
      try await endProgram { runtime in
        let second = try ProcessRuntime(.init(schedulers: 1))
        do throws(TaskTakeoverError) { try second.takeOverTasks() } catch { reasons.append(error) }
        do { try await second.contain {} } catch {
          return "\(error)".contains("takeOverTasks") && reasons == [.runtimeRefuses, .takenByRuntime]
        }
        return false
      }
    }
  }

  @Test func `A1: a crash without a guard ends the program with a sentence, unless told otherwise`()
    async throws
  {
    let result = try await #require(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await endProgram { _ in await Task { crash() }.value == 0 }
    }
    #expect(String(decoding: result.standardErrorContent, as: UTF8.self).contains("no `contain` is around"))
    await #expect(processExitsWith: .exitCode(0)) {
      try await endProgram(.init(unguardedCrash: .leavesTask)) { runtime in
        Task.detached { crash() }
        while runtime.statistics.trapsContained == 0 { await Task.yield() }
        return true
      }
    }
  }

  @Test func `A1: a crash in an actor ends the program with the actor's type, unless told otherwise`()
    async throws
  {
    let result = try await #require(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await endProgram { runtime in await crashes(runtime) { await Till().open() } }
    }
    let said = String(decoding: result.standardErrorContent, as: UTF8.self)
    #expect(said.contains("a task crashed in the actor Till, which stays locked"))
  }

  @Test func `A1: each reason to refuse the tasks says what to do`() {
    let all: [TaskTakeoverError] = [.unsupportedSwift, .takenByOthers, .takenByRuntime, .runtimeRefuses]
    for reason in all { #expect("\(reason)".contains(": ")) }
  }
}

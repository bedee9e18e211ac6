// SPDX-License-Identifier: Apache-2.0
//
// Crashes in asynchronous code end the guarded call, and nothing else.

import Joist
import JoistConcurrency
import Synchronization
import TestSupport
import Testing

@inline(never) private func overflow(_ depth: Int) -> Int { depth == .max ? 0 : overflow(depth + 1) + 1 }

private actor Bank {
  var calls = 0
  func add(crashes: Bool) -> Int {
    calls += 1
    return crashes ? crash() : calls
  }
}

private actor Vault: RecoverableActor {
  private var (left, right) = (0, 0)
  var repairs = 0
  var isConsistent: Bool { left == right }

  func recover(from crash: ContainedCrash) {
    repairs += left == right + 1 && crash.trap != nil ? 1 : 0
    right = left
  }

  func crashHalfway() -> Int {
    left += 1
    return crash()
  }
}

private actor Hopeless: RecoverableActor {
  func recover(from _: ContainedCrash) { _ = crash() }
  func work() -> Int { crash() }
}

private let tally = Mutex(0)

private func crashUnderLock() -> Int { tally.withLock { crash() + $0 } }

@concurrent private func elsewhere() async -> Int { crash() }
private nonisolated(nonsending) func here() async -> Int { crash() }

/// A way in which asynchronous code crashes.
private enum Shape: String, CaseIterable {
  case atOnce, afterYield, afterSleep, overflow, asyncLet, groupChild, task, immediateTask, concurrent, nonsending
  case inCancellationHandler

  func run() async throws -> Int {
    switch self {
    case .atOnce: return crash()
    case .afterYield: return await Self.yieldAndCrash()
    case .afterSleep:
      try await rest(for: .milliseconds(2))
      return crash()
    case .overflow:
      await Task.yield()
      return ConcurrencyTests.overflow(0)
    case .asyncLet:
      async let value = Self.yieldAndCrash()
      return await value
    case .groupChild:
      return await withTaskGroup(of: Int.self) { group in
        for number in 0..<5 { group.addTask { number == 3 ? await Self.yieldAndCrash() : number } }
        return await group.reduce(0, +)
      }
    case .task: return await Task { await Self.yieldAndCrash() }.value
    case .immediateTask: return await Task.immediate { await Self.yieldAndCrash() }.value
    case .concurrent: return await elsewhere()
    case .nonsending: return await here()
    case .inCancellationHandler:
      let task = Task {
        await withTaskCancellationHandler {
          try? await rest(for: .seconds(1))
        } onCancel: {
          _ = crash()
        }
      }
      await Task.yield()
      task.cancel()
      await task.value
      return 0
    }
  }

  private static func yieldAndCrash() async -> Int {
    await Task.yield()
    return crash()
  }
}

@Suite(.timeLimit(.minutes(15))) struct ContainTests {
  @Test func `A1: a crash in asynchronous code ends the guarded call in each shape`() async {
    await #expect(processExitsWith: .exitCode(0)) {
      try await endProgram { runtime in
        for shape in Shape.allCases {
          guard await crashes(runtime, { try await shape.run() }) else { return false }
        }
        return try await runtime.contain { () async -> Int in
          await Task.yield()
          return 7
        } == 7
      }
    }
  }

  @Test func `A1: the error has the crash's message and signal, and where it happened`() async {
    await #expect(processExitsWith: .exitCode(0)) {
      try await endProgram { runtime in
        do {
          try await runtime.contain { if runtime.statistics.processesCreated > 0 { fatalError("the shelf is empty") } }
          return false
        } catch let crash as ContainedCrash {
          guard let trap = crash.trap else { return false }
          return trap.message?.contains("the shelf is empty") == true && trap.signal != 0 && trap.backtrace.count > 3
            && "\(crash)".contains("the shelf is empty")
        }
      }
    }
  }

  @Test func `A1: of nested guards, the innermost one throws`() async {
    await #expect(processExitsWith: .exitCode(0)) {
      try await endProgram { runtime in
        let outer = try await runtime.contain { () async -> String in
          await crashes(runtime) { crash() } ? "inner" : "none"
        }
        return outer == "inner"
      }
    }
  }

  @Test func `A1: the other tasks below the guard are cancelled after a crash`() async {
    await #expect(processExitsWith: .exitCode(0)) {
      try await endProgram { runtime in
        let (cancellations, cancelled) = AsyncStream.makeStream(of: Void.self)
        let isCrashed = await crashes(runtime) {
          await withTaskGroup(of: Int.self) { group in
            for _ in 0..<4 {
              group.addTask {
                do { try await rest(for: .seconds(1_000)) } catch { cancelled.yield() }
                return 1
              }
            }
            await Task.yield()
            return crash()
          }
        }
        var count = 0
        for await _ in cancellations {
          count += 1
          if count == 4 { break }
        }
        return isCrashed
      }
    }
  }

  @Test func `A1: guarded code is cancelled with its caller, which waits for it`() async {
    await #expect(processExitsWith: .exitCode(0)) {
      try await endProgram { runtime in
        let task = Task {
          try await runtime.contain { () async throws -> String in
            do { try await rest(for: .seconds(1_000)) } catch { return "cancelled" }
            return "slept"
          }
        }
        task.cancel()
        return try await task.value == "cancelled"
      }
    }
  }

  @Test func `A1: guarded code has the task-local values and the priority of its caller`() async {
    await #expect(processExitsWith: .exitCode(0)) {
      try await endProgram { runtime in
        let seen = await Task(priority: .low) {
          await Locals.$number.withValue(4) {
            try? await runtime.contain { "\(Locals.number) \(Task.currentPriority.rawValue)" }
          }
        }.value
        return seen == "4 \(TaskPriority.low.rawValue)"
      }
    }
  }

  @Test func `A1: an actor in which guarded code crashed answers again if it is unlocked`() async {
    await #expect(processExitsWith: .exitCode(0)) {
      try await endProgram(.init(actorCrash: .unlocksActor)) { runtime in
        let bank = Bank()
        let count = await withTaskGroup(of: Bool.self) { group in
          for number in 0..<50 {
            group.addTask { await crashes(runtime) { await bank.add(crashes: number % 2 == 0) } }
          }
          return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        return await bank.add(crashes: false) == 51 && count == 25
      }
    }
  }

  @Test func `A1: an actor that can recover repairs its state before its next job`() async {
    await #expect(processExitsWith: .exitCode(0)) {
      try await endProgram { runtime in
        let vault = Vault()
        let isRight = await withTaskGroup(of: Bool.self) { group in
          for number in 0..<50 {
            group.addTask {
              if number % 2 == 0 { return await crashes(runtime) { await vault.crashHalfway() } }
              return await vault.isConsistent
            }
          }
          return await group.reduce(true) { $0 && $1 }
        }
        return await vault.repairs == 25 && isRight
      }
    }
  }

  @Test func `A1: a crash while an actor recovers ends the program with the actor's type`() async throws {
    let result = try await #require(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await endProgram { runtime in await crashes(runtime) { await Hopeless().work() } }
    }
    let said = String(decoding: result.standardErrorContent, as: UTF8.self)
    #expect(said.contains("the actor Hopeless crashed while it recovered"))
  }

  #if os(Linux)
    @Test func `A1: a Mutex that contained code has left locked ends the program when it is wanted`() async throws {
      let result = try await #require(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        try await endProgram { runtime in
          guard await crashes(runtime, { crashUnderLock() }) else { return false }
          await MainActor.run { tally.withLock { $0 += 1 } }
          return true
        }
      }
      let said = String(decoding: result.standardErrorContent, as: UTF8.self)
      #expect(said.contains("A Mutex is locked by code that crashed and will never unlock it"))
    }
  #endif

  @Test func `A1: code that takes longer than its limit is cancelled, and its caller goes on`() async {
    await #expect(processExitsWith: .exitCode(0)) {
      try await endProgram { runtime in
        let (cancelled, isOver) = (Count(), Count())
        do {
          try await runtime.contain(within: .milliseconds(20)) {
            // It ignores its cancellation, of which only the handler hears.
            await withTaskCancellationHandler {
              while isOver.total == 0 { await Task.yield() }
            } onCancel: {
              cancelled.add()
            }
          }
          return false
        } catch let late as ContainDeadlinePassed {
          while cancelled.total == 0 { await Task.yield() }
          isOver.add()
          let quick = try await runtime.contain(within: .seconds(1_000)) { 7 }
          return late.limit == .milliseconds(20) && quick == 7
        }
      }
    }
  }

  @Test func `A1: crashed tasks are counted, and a used-up budget of them calls the program`() async {
    await #expect(processExitsWith: .exitCode(0)) {
      let calls = Count()
      let budget = CrashBudget(tasks: 10) { calls.add() }
      try await endProgram(.init(crashBudget: budget)) { runtime in
        for _ in 0..<25 { _ = await crashes(runtime) { crash() } }
        while calls.total < 2 { await Task.yield() }
        return runtime.crashedTasks == 25 && calls.total == 2
      }
    }
  }

  @Test func `A1: thousands of crashes at once end their calls, and no others`() async {
    await #expect(processExitsWith: .exitCode(0)) {
      try await endProgram { runtime in
        let calls = many(4_000, oneIn: 4)
        let counts = await withTaskGroup(of: Int.self) { group in
          for number in 0..<calls {
            group.addTask {
              if number % 2 == 0 { return await crashes(runtime) { crash() } ? 1 : 0 }
              let value = try? await runtime.contain { () async -> Int in
                await Task.yield()
                return number
              }
              return value == number ? 10_000 : 0
            }
          }
          return await group.reduce(0, +)
        }
        return counts == calls / 2 + calls / 2 * 10_000
      }
    }
  }
}

private enum Locals { @TaskLocal static var number = 0 }

// SPDX-License-Identifier: Apache-2.0
//
// Whether this build of Joist and this machine do what a server relies on.

import ArgumentParser
import Foundation
import Joist
import JoistConcurrency
import Synchronization

/// Tries what a program relies on, and prints a line for each thing.
struct Doctor: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Try whether crashes are contained here, in processes and in Swift tasks."
  )

  func run() throws {
    var isWell = true
    func tell(_ what: String, _ problem: String?) {
      isWell = isWell && problem == nil
      print(problem == nil ? "ok    " : "FAILS ", problem.map { "\(what): \($0)" } ?? what)
    }
    print(Built.line)
    let runtime = try ProcessRuntime(.init(schedulers: 2))
    tell("a process that crashes ends alone", crashInProcess(runtime))
    tell("a stack that overflows ends its process alone", overflow(in: runtime))
    tell("a crash has a backtrace with functions", backtrace(in: runtime))
    do throws(TaskTakeoverError) {
      try runtime.takeOverTasks()
      tell("Swift tasks run in processes", nil)
      tell("a task that crashes ends its guarded call alone", crashInTask(runtime))
    } catch { tell("Swift tasks run in processes", "\(error)") }
    if !isWell { throw ExitCode.failure }
  }

  /// Returns the reason of the end of a process that runs `body`.
  private func end(_ runtime: ProcessRuntime, _ body: @escaping @Sendable () -> Void) -> ExitReason? {
    let reason = Mutex<ExitReason?>(nil)
    runtime.spawn(Down.self) { process in
      _ = process.spawnMonitored(Never.self, down: { $0 }) { _ in body() }
      let down = try process.receive()
      reason.withLock { $0 = down.reason }
    }
    runtime.waitUntilIdle()
    return reason.withLock { $0 }
  }

  private func crashInProcess(_ runtime: ProcessRuntime) -> String? {
    guard case .trap = end(runtime, { crash() }) else { return "it ended for another reason" }
    return nil
  }

  private func overflow(in runtime: ProcessRuntime) -> String? {
    guard case .stackOverflow = end(runtime, { print(recurse(0)) }) else { return "it ended for another reason" }
    return nil
  }

  private func backtrace(in runtime: ProcessRuntime) -> String? {
    guard case .trap(let trap) = end(runtime, { crash() }) else { return "there was no crash" }
    return trap.symbolicated().contains { $0.contains("crash()") } ? nil : "it has addresses only"
  }

  private func crashInTask(_ runtime: ProcessRuntime) -> String? {
    let done = DispatchSemaphore(value: 0)
    let result = TaskError()
    Task {
      do { try await runtime.contain { crash() } } catch { result.set(error) }
      done.signal()
    }
    guard done.wait(timeout: .now() + .seconds(10)) == .success else { return "the guarded call never ends" }
    return result.error is ContainedCrash ? nil : "the guarded call had no error"
  }
}

/// The error of a task.
private final class TaskError: Sendable {
  private let stored = Mutex<(any Error)?>(nil)
  var error: (any Error)? { stored.withLock { $0 } }
  func set(_ error: any Error) { stored.withLock { $0 = error } }
}

@inline(never) private func crash() { print([1][CommandLine.arguments.count + 9]) }
@inline(never) private func recurse(_ depth: Int) -> Int { depth == .max ? 0 : recurse(depth + 1) + 1 }

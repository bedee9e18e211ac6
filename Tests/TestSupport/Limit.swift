// SPDX-License-Identifier: Apache-2.0
//
// A time limit for tests that wait. A test that hangs would report neither its name nor the reason. With the limit, it
// fails and reports what it waited for.

import Foundation
package import Joist
import Synchronization
package import Testing

/// A wait of a test.
private struct Wait: Sendable {
  let number: Int
  let test: String
  /// What the test waits for.
  let what: String
  let runtime: ProcessRuntime?
  /// The time at which the runtime is shut down, which ends all waits in it.
  let limit: ContinuousClock.Instant
  /// The time at which the test program ends if the shutdown did not end the wait.
  var end: ContinuousClock.Instant { limit + .seconds(10) }
}

/// The waits of all running tests, and the thread that checks them.
private final class Waits: Sendable {
  private struct State {
    var waits: [Wait] = []
    /// The reports of the waits that exceeded their limit, for their tests to record.
    var late: [Int: String] = [:]
    var lastNumber = 0
    var isWatched = false
  }

  static let all = Waits()
  private let state = Mutex(State())

  func begin(_ test: String, _ what: String, _ runtime: ProcessRuntime?) -> Int {
    let (number, isFirst) = state.withLock { state -> (Int, Bool) in
      state.lastNumber += 1
      let end = ContinuousClock.now + testLimit
      state.waits.append(Wait(number: state.lastNumber, test: test, what: what, runtime: runtime, limit: end))
      defer { state.isWatched = true }
      return (state.lastNumber, !state.isWatched)
    }
    if isFirst { Thread.detachNewThread { self.watch() } }
    return number
  }

  /// Ends a wait, and returns its report if it took too long.
  func end(_ number: Int) -> String? {
    state.withLock { state in
      state.waits.removeAll { $0.number == number }
      return state.late.removeValue(forKey: number)
    }
  }

  private func watch() {
    let never = DispatchSemaphore(value: 0)
    while true {
      _ = never.wait(timeout: .now() + 0.2)
      let now = ContinuousClock.now
      let (late, hopeless) = state.withLock { state -> ([Wait], Wait?) in
        let late = state.waits.filter { $0.limit <= now && state.late[$0.number] == nil }
        for wait in late { state.late[wait.number] = "" }
        return (late, state.waits.first { $0.end <= now })
      }
      for wait in late { release(wait) }
      if let hopeless { fatalError(words(hopeless)) }
    }
  }

  /// Records the report of a wait that has exceeded its limit, and shuts its runtime down.
  private func release(_ wait: Wait) {
    let words = words(wait)
    state.withLock { if $0.late[wait.number] != nil { $0.late[wait.number] = words } }
    guard let runtime = wait.runtime else { return }
    Thread.detachNewThread { _ = runtime.shutdown(deadline: .seconds(1)) }
  }

  private func words(_ wait: Wait) -> String {
    let living = wait.runtime.map { ": \($0.livingNow)" } ?? ""
    return "\(wait.test) waited for more than \(testLimit) until \(wait.what)\(living)"
  }
}

/// The maximum time that a test may wait: `JOIST_TEST_LIMIT` in seconds, or fifteen minutes.
package let testLimit: Duration =
  .seconds(ProcessInfo.processInfo.environment["JOIST_TEST_LIMIT"].flatMap { Int($0) } ?? 900)

/// Runs a body that waits, and fails the test when it takes longer than ``testLimit``.
///
/// `what` completes the sentence "waited until …". At the limit the runtime is shut down, which ends its processes and
/// the waits for them. If that does not end the body, the test program ends with the same sentence. In a program that a
/// test starts there is no limit, because the test has one.
package func withLimit<Result>(
  _ what: String,
  on runtime: ProcessRuntime? = nil,
  sourceLocation: SourceLocation = #_sourceLocation,
  _ body: () throws -> Result
) rethrows -> Result {
  guard let test = Test.current else { return try body() }
  let number = Waits.all.begin(test.name, what, runtime)
  defer {
    if let late = Waits.all.end(number) { Issue.record("\(late)", sourceLocation: sourceLocation) }
  }
  return try body()
}

/// Runs an `async` body that waits, and fails the test when it takes longer than ``testLimit``.
package func withLimit<Result>(
  _ what: String,
  on runtime: ProcessRuntime? = nil,
  sourceLocation: SourceLocation = #_sourceLocation,
  _ body: () async throws -> Result
) async rethrows -> Result {
  guard let test = Test.current else { return try await body() }
  let number = Waits.all.begin(test.name, what, runtime)
  defer {
    if let late = Waits.all.end(number) { Issue.record("\(late)", sourceLocation: sourceLocation) }
  }
  return try await body()
}

/// Waits until a condition holds, and fails the test when that takes longer than ``testLimit``.
package func wait(
  until what: String,
  on runtime: ProcessRuntime? = nil,
  sourceLocation: SourceLocation = #_sourceLocation,
  _ condition: () -> Bool
) {
  let end = ContinuousClock.now + testLimit
  while !condition() {
    guard ContinuousClock.now < end else {
      let living = runtime.map { ": \($0.livingNow)" } ?? ""
      Issue.record("waited for more than \(testLimit) until \(what)\(living)", sourceLocation: sourceLocation)
      return
    }
    sched_yield()
  }
}

/// A condition that did not come true in time.
package struct Overdue: Error, CustomStringConvertible {
  package let description: String
}

/// Returns once a condition holds that other threads bring about; throws after ``testLimit``.
package func eventually(_ what: String, _ holds: () async -> Bool) async throws {
  let clock = ContinuousClock()
  let deadline = clock.now + testLimit
  while await !holds() {
    guard clock.now < deadline else { throw Overdue(description: "not within \(testLimit): \(what)") }
    try await clock.sleep(for: .milliseconds(2))
  }
}

extension ProcessRuntime {
  /// A description of the first live processes and what each waits for.
  var livingNow: String {
    let sights = sights
    let some = sights.prefix(8).map { sight in
      "\(sight.id) \(sight.state)\(sight.waits.map { " (\($0))" } ?? ""), \(sight.unread) unread"
    }
    let more = sights.count > some.count ? ["and \(sights.count - some.count) more"] : []
    return sights.isEmpty ? "no process is alive" : (some + more).joined(separator: "; ")
  }
}

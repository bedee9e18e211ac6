// SPDX-License-Identifier: Apache-2.0
//
// A test that waits on threads has a limit, and says what it waited for when the limit is over: a test that hangs names
// neither itself nor its reason.

import Foundation
package import Joist
import Synchronization
package import Testing

/// What a test waits for, and until when.
private struct Wait: Sendable {
  let number: Int
  let test: String
  let what: String
  let runtime: ProcessRuntime?
  /// When the limit is over: the runtime is shut down then, which ends whatever waits in it.
  let limit: ContinuousClock.Instant
  /// When that has not helped either.
  var end: ContinuousClock.Instant { limit + .seconds(10) }
}

/// The waits of all tests that run, and the thread that looks at them.
private final class Waits: Sendable {
  private struct State {
    var waits: [Wait] = []
    /// What was found at the limit, for the tests to say.
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

  /// What was found if the wait took too long, else nil.
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

  /// The limit of a wait is over: notes what there is to see, and ends what waits in its runtime.
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

/// How long a test may wait: five minutes, or as many seconds as `JOIST_TEST_LIMIT` says.
package let testLimit: Duration =
  .seconds(ProcessInfo.processInfo.environment["JOIST_TEST_LIMIT"].flatMap { Int($0) } ?? 300)

/// Runs something that waits, and fails the test when it takes longer than ``testLimit``.
///
/// The sentence says what is waited for. At the limit the runtime is shut down, so that its processes and whoever waits
/// for them go on. Where that does not help the test program ends, with the same sentence. In a program that a test
/// starts there is no limit: the test has one.
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

/// As above, for a test that waits for tasks.
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

/// Waits until something is so, and fails the test when that takes longer than ``testLimit``.
package func wait(
  until what: String,
  on runtime: ProcessRuntime? = nil,
  sourceLocation: SourceLocation = #_sourceLocation,
  _ isSo: () -> Bool
) {
  let end = ContinuousClock.now + testLimit
  while !isSo() {
    guard ContinuousClock.now < end else {
      let living = runtime.map { ": \($0.livingNow)" } ?? ""
      Issue.record("waited for more than \(testLimit) until \(what)\(living)", sourceLocation: sourceLocation)
      return
    }
    sched_yield()
  }
}

extension ProcessRuntime {
  /// The first of the processes that live, with what each waits for.
  var livingNow: String {
    let sights = sights
    let some = sights.prefix(8).map { sight in
      "\(sight.id) \(sight.state)\(sight.waits.map { " (\($0))" } ?? ""), \(sight.unread) unread"
    }
    let more = sights.count > some.count ? ["and \(sights.count - some.count) more"] : []
    return sights.isEmpty ? "no process lives" : (some + more).joined(separator: "; ")
  }
}

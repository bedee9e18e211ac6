// SPDX-License-Identifier: Apache-2.0
//
// One measurement: its arguments, its runtime, and functions that take times. The measured code runs in a process,
// because a send or spawn by another thread takes a different path through the runtime.

import Foundation
import Joist
import Synchronization

/// One measurement of one scenario.
struct Trial: Sendable {
  /// The number of schedulers; nil for one per core.
  let threads: Int?
  /// Whether the runtime has a flight recorder.
  var hasRecorder = true
  let arguments: [Int]

  /// Runs the body in a process of a new runtime, shuts the runtime down and returns the body's result.
  ///
  /// The runtime's other processes have at most `patience` to end.
  func inProcess<Message, Result: Sendable>(
    of type: Message.Type,
    patience: Duration = .seconds(5),
    _ body: @escaping @Sendable (ProcessContext<Message>) throws -> Result
  ) throws -> Result {
    let runtime = try makeRuntime(schedulers: threads)
    defer { runtime.shutdown(deadline: patience) }
    return try runtime.perform(type, body)
  }

  /// Makes a runtime with that number of schedulers, nil for one per core, and with a recorder if the trial has one.
  func makeRuntime(schedulers: Int?) throws -> ProcessRuntime {
    var configuration = ProcessRuntime.Configuration(schedulers: schedulers)
    if !hasRecorder { configuration.recorderEntries = 0 }
    return try ProcessRuntime(configuration)
  }
}

extension ProcessRuntime {
  /// Runs the body in a process, blocks this thread until it returns, and returns its result.
  ///
  /// Other processes may still run after that.
  func perform<Message, Result: Sendable>(
    _ type: Message.Type,
    _ body: @escaping @Sendable (ProcessContext<Message>) throws -> Result
  ) throws -> Result {
    let answer = Answer<Result>()
    spawn(type) { process in answer.give(.init { try body(process) }) }
    return try answer.wait()
  }
}

/// A result that a process sets and a thread waits for.
private final class Answer<Value: Sendable>: Sendable {
  private let value = Mutex<Result<Value, any Error>?>(nil)
  private let isThere = DispatchSemaphore(value: 0)

  func give(_ result: Result<Value, any Error>) {
    value.withLock { $0 = result }
    isThere.signal()
  }

  func wait() throws -> Value {
    isThere.wait()
    guard let result = value.withLock({ $0 }) else { throw BenchProblem("the process returned no result") }
    return try result.get()
  }
}

/// Runs the work with a tenth of the count as a warm-up, then with all of it; returns the nanoseconds per unit.
func nanosecondsEach(_ count: Int, _ work: (Int) throws -> Void) rethrows -> Double {
  try work(count / 10)
  let time = try ContinuousClock().measure { try work(count) }
  return time.nanoseconds / Double(count)
}

/// Runs the work with the size `warm` as a warm-up, then with `size`; returns the milliseconds of the second run.
func milliseconds(warm: Int, _ size: Int, _ work: (Int) throws -> Void) rethrows -> Double {
  try work(warm)
  return try ContinuousClock().measure { try work(size) }.milliseconds
}

extension ProcessContext {
  /// Receives `count` messages and discards them.
  @inline(__always)
  func take(_ count: Int) throws {
    for _ in 0..<count { _ = try receive() }
  }
}

extension ProcessContext<Void> {
  /// Runs the body in `count` processes at once, and waits until all have ended.
  func parallel(_ count: Int, _ body: @escaping @Sendable (ProcessContext<Never>) throws -> Void) throws {
    let done = ref
    for _ in 0..<count {
      spawn { child in
        try body(child)
        done.send(())
      }
    }
    try take(count)
  }
}

/// A destination for computed values, which keeps the compiler from removing their computation.
enum Sink {
  private static let word = Atomic<UInt64>(0)
  static func take(_ value: UInt64) { word.store(value, ordering: .relaxed) }
}

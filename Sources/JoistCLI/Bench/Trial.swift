// SPDX-License-Identifier: Apache-2.0
//
// One measurement: its numbers, a runtime for it, and the ways to take time. All of it happens in a process, for
// nobody else sends and spawns as processes do.

import Foundation
import Joist
import Synchronization

/// One measurement of one scenario.
struct Trial: Sendable {
  /// One a core if nil.
  let threads: Int?
  let arguments: [Int]

  /// Runs the body in a process of a new runtime, and ends the runtime.
  ///
  /// The runtime's other processes get `patience` to end.
  func inProcess<Message, Result: Sendable>(
    of type: Message.Type,
    patience: Duration = .seconds(5),
    _ body: @escaping @Sendable (ProcessContext<Message>) throws -> Result
  ) throws -> Result {
    let runtime = try ProcessRuntime(.init(schedulers: threads))
    defer { runtime.shutdown(deadline: patience) }
    return try runtime.perform(type, body)
  }
}

extension ProcessRuntime {
  /// Runs the body in a process and waits for what it returns.
  ///
  /// Other processes may go on.
  func perform<Message, Result: Sendable>(
    _ type: Message.Type,
    _ body: @escaping @Sendable (ProcessContext<Message>) throws -> Result
  ) throws -> Result {
    let answer = Answer<Result>()
    spawn(type) { process in answer.give(.init { try body(process) }) }
    return try answer.wait()
  }
}

/// A result that a process gives and a thread waits for.
private final class Answer<Value: Sendable>: Sendable {
  private let value = Mutex<Result<Value, any Error>?>(nil)
  private let isThere = DispatchSemaphore(value: 0)

  func give(_ result: Result<Value, any Error>) {
    value.withLock { $0 = result }
    isThere.signal()
  }

  func wait() throws -> Value {
    isThere.wait()
    guard let result = value.withLock({ $0 }) else { throw BenchProblem("no answer came") }
    return try result.get()
  }
}

/// Does the work once with a tenth of the count, and then in full; nanoseconds for each.
func nanosecondsEach(_ count: Int, _ work: (Int) throws -> Void) rethrows -> Double {
  try work(count / 10)
  let time = try ContinuousClock().measure { try work(count) }
  return time.nanoseconds / Double(count)
}

/// Does the work with the smaller size first, and then in full; milliseconds.
func milliseconds(warm: Int, _ size: Int, _ work: (Int) throws -> Void) rethrows -> Double {
  try work(warm)
  return try ContinuousClock().measure { try work(size) }.milliseconds
}

extension ProcessContext {
  /// Receives so many messages.
  @inline(__always)
  func take(_ count: Int) throws {
    for _ in 0..<count { _ = try receive() }
  }
}

extension ProcessContext<Void> {
  /// Runs the body in so many processes at once, and waits for all.
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

/// Where results go so that no compiler leaves out their computation.
enum Sink {
  private static let word = Atomic<UInt64>(0)
  static func take(_ value: UInt64) { word.store(value, ordering: .relaxed) }
}

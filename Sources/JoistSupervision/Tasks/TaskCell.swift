// SPDX-License-Identifier: Apache-2.0
//
// The place where a task's result is put and taken.
// TS1. The first outcome counts: the task's own, put before it ends, or what its supervisor saw of its end.
// TS2. A result stays here until it is taken; who waits is only told that it is there. So a wait that was given up
//      loses nothing.

import Joist
import Synchronization

/// A task's cell, whatever its result is.
protocol AnyTaskCell: AnyObject, Sendable {
  /// The task has a process.
  func began(_ process: ProcessRef<Never>)
  /// The process of the task, once it has one.
  var process: ProcessRef<Never>? { get }
  /// There will be no result (TS1).
  func fail(_ reason: ExitReason)
  /// Tells somebody when there is an outcome, at once if there is.
  func tell(_ waiter: ReplyTo<Void>)
}

final class TaskCell<Success>: AnyTaskCell {
  private enum Outcome {
    case success(Disconnected<Success>)
    case failure(ExitReason)
  }

  private struct State {
    var outcome: Outcome?
    var waiters: [ReplyTo<Void>] = []
    var process: ProcessRef<Never>?
  }

  private let state = Mutex(State())

  func began(_ process: ProcessRef<Never>) { state.withLock { $0.process = process } }

  var process: ProcessRef<Never>? { state.withLock { $0.process } }

  func put(_ result: sending Success) { settle(.success(Disconnected(result))) }

  func fail(_ reason: ExitReason) { settle(.failure(reason)) }

  private func settle(_ outcome: Outcome) {
    let waiters = state.withLock { state -> [ReplyTo<Void>] in
      guard state.outcome == nil else { return [] }
      state.outcome = outcome
      defer { state.waiters = [] }
      return state.waiters
    }
    for waiter in waiters { waiter.send() }
  }

  func tell(_ waiter: ReplyTo<Void>) {
    let isThere = state.withLock { state in
      if state.outcome == nil { state.waiters.append(waiter) }
      return state.outcome != nil
    }
    if isThere { waiter.send() }
  }

  /// Whether there is an outcome.
  var isSettled: Bool { state.withLock { $0.outcome != nil } }

  /// The result, once (TS2).
  func take() throws(TaskError) -> sending Success {
    switch state.withLock({ $0.outcome }) {
    case .success(let box):
      guard let result = box.openIfFull() else { throw .taken }
      return result
    case .failure(let reason): throw .exited(reason)
    case nil: throw .exited(.noProcess)
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// The cell through which a task's result passes from the task to the caller that awaits it.
// - The first outcome counts: the one that the task puts before it ends, or the exit reason that its supervisor sees.
// - A result stays in the cell until it is taken. Waiters are only told that it is there, so a wait that ends early
//   loses no result.

import Joist
import Synchronization

/// The cell of a task, without the type of its result.
protocol AnyTaskCell: AnyObject, Sendable {
  /// Records the process of the task.
  func began(_ process: ProcessRef<Never>)
  /// The process of the task, or nil before it is created.
  var process: ProcessRef<Never>? { get }
  /// Records that there will be no result; does nothing if the outcome is already known.
  func fail(_ reason: ExitReason)
  /// Answers the waiter when the outcome is known, at once if it is already.
  func tell(_ waiter: ReplyTo<Void>)
}

/// The cell of a task with a result of type `Success`.
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

  /// Records the result; does nothing if the outcome is already known.
  func put(_ result: sending Success) { settle(.success(Disconnected(result))) }

  func fail(_ reason: ExitReason) { settle(.failure(reason)) }

  /// Records the first outcome and answers the waiters.
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
    let isKnown = state.withLock { state in
      if state.outcome == nil { state.waiters.append(waiter) }
      return state.outcome != nil
    }
    if isKnown { waiter.send() }
  }

  /// Whether the outcome is known.
  var isSettled: Bool { state.withLock { $0.outcome != nil } }

  /// Takes the result; throws if there is none or if it was already taken.
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

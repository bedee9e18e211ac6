// SPDX-License-Identifier: Apache-2.0
//
// What bounds the load of many questions: the memory for answers, which all connections share, and the rate of
// questions on one connection.

import Synchronization

/// The bytes of the answers that are being sent.
final class AnswerMemory: Sendable {
  private let used = Mutex(0)

  /// Reserves bytes; returns false if too many are in use.
  func reserve(_ count: Int) -> Bool {
    used.withLock { used in
      guard used + count <= ControlLimits.allAnswersBytes else { return false }
      used += count
      return true
    }
  }

  /// Returns bytes that were reserved.
  func release(_ count: Int) { used.withLock { $0 -= count } }
}

/// A bucket of questions that fills at a constant rate.
struct QuestionRate {
  private let rate, burst: Double
  private var questions: Double
  private var filled = ContinuousClock.now

  /// A full bucket.
  init(_ limits: ControlLimits) {
    (rate, burst) = (limits.questionRate, limits.questionBurst)
    questions = limits.questionBurst
  }

  /// Takes a question from the bucket; returns how long to wait before it may be asked.
  mutating func take(at now: ContinuousClock.Instant = .now) -> Duration {
    let gained = (now - filled) / .seconds(1) * rate
    questions = min(questions + gained, burst) - 1
    filled = now
    return questions >= 0 ? .zero : .seconds(-questions / rate)
  }
}

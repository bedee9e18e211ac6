// SPDX-License-Identifier: Apache-2.0
//
// Shares answers between all requests:
//
// AN1. Of questions with equal keys at most one is asked at a time; requests that come meanwhile wait for its answer.
// AN2. After an answer that took the program `t`, the same question is asked again after 100 × `t` × the number of
//      questions in use at the earliest, so that all of them together use at most about 1 % of a core.
// AN3. The number of kept answers is bounded; those that were not used for a while go first.

#if Dashboard
  import JoistObservation

  /// The answers to the questions of all pages.
  actor Answers {
    private struct Entry {
      var running: Task<any Sendable, any Error>?
      var latest: Result<any Sendable, any Error>?
      var askAgain: ContinuousClock.Instant
      var lastUse: ContinuousClock.Instant
    }

    /// The time after which an answer no longer counts as in use.
    private static let idleTime = Duration.seconds(10)

    private let inspector: any ProgramInspector
    private let limits: DashboardLimits
    /// Questions that take seconds have a thread of their own, so that the live figures do not wait for them.
    private let quick, slow: QuestionThreads
    private var entries: [String: Entry] = [:]

    init(_ inspector: any ProgramInspector, limits: DashboardLimits) {
      self.inspector = inspector
      self.limits = limits
      quick = QuestionThreads(name: "joist-dash", count: 2, capacity: limits.waitingQuestions)
      slow = QuestionThreads(name: "joist-dash-slow", count: 1, capacity: limits.waitingQuestions)
    }

    /// The number of kept answers, with those that are on their way.
    var count: Int { entries.count }

    /// Returns the answer to a question: a recent one if there is one, or else a new one.
    func answer<Value: Sendable>(_ question: Question<Value>) async throws -> Value {
      let now = ContinuousClock.now
      let task: Task<any Sendable, any Error>
      if let running = entries[question.key]?.running {
        entries[question.key]?.lastUse = now
        task = running  // (AN1)
      } else if let entry = entries[question.key], let latest = entry.latest, now < entry.askAgain {
        entries[question.key]?.lastUse = now
        return try Self.typed(latest.get())
      } else {
        task = start(question)
      }
      return try Self.typed(await task.value)
    }

    /// Asks the program to act on a process.
    func control(_ action: ControlAction, _ idOrName: String) async throws {
      try await quick.run { [inspector] in try inspector.control(action, idOrName) }
    }

    /// Runs a function that writes a long answer, on the thread for slow questions.
    func write(_ body: @escaping @Sendable () throws -> Void) async throws { try await slow.run(body) }

    private func start<Value: Sendable>(_ question: Question<Value>) -> Task<any Sendable, any Error> {
      let threads = question.isSlow ? slow : quick
      let task = Task<any Sendable, any Error> { [inspector] in
        let answer = await Self.measured { try await threads.run { try Self.timed { try question.ask(inspector) } } }
        finish(question.key, answer, isSlow: question.isSlow)
        return try answer.get().value
      }
      let now = ContinuousClock.now
      let latest = entries[question.key]?.latest
      entries[question.key] = Entry(running: task, latest: latest, askAgain: now, lastUse: now)
      trim()
      return task
    }

    private func finish<Value: Sendable>(
      _ key: String,
      _ answer: Result<(value: Value, cost: Duration), any Error>,
      isSlow: Bool
    ) {
      let now = ContinuousClock.now
      // A recording is large, and a later request wants a later one.
      if isSlow {
        entries[key] = nil
        return
      }
      let pause = pause(after: (try? answer.get().cost) ?? .zero, now)
      entries[key]?.running = nil
      entries[key]?.latest = answer.map { $0.value as any Sendable }
      entries[key]?.askAgain = now + pause
    }

    /// Returns how long a question must not be asked again after an answer. (AN2)
    private func pause(after cost: Duration, _ now: ContinuousClock.Instant) -> Duration {
      let inUse = entries.values.count { now - $0.lastUse < Self.idleTime }
      // Pages ask in step with the events; a little less than the interval keeps them in step when an answer is late.
      let shortest = limits.interval * 4 / 5
      return min(max(shortest, cost * limits.costFactor * max(1, inUse)), limits.longestInterval)
    }

    /// Forgets the answers that were not used for the longest time, if there are too many. (AN3)
    private func trim() {
      guard entries.count > limits.answers else { return }
      let idle = entries.filter { $0.value.running == nil }.sorted { $0.value.lastUse < $1.value.lastUse }
      for (key, _) in idle.prefix(entries.count - limits.answers) { entries[key] = nil }
    }

    private static func timed<Value>(
      _ ask: () throws -> (value: Value, tookNanoseconds: Int64?)
    ) rethrows -> (value: Value, cost: Duration) {
      let start = ContinuousClock.now
      let answer = try ask()
      return (answer.value, answer.tookNanoseconds.map { .nanoseconds($0) } ?? (.now - start))
    }

    private static func measured<Value>(_ body: () async throws -> Value) async -> Result<Value, any Error> {
      do { return .success(try await body()) } catch { return .failure(error) }
    }

    private static func typed<Value>(_ value: any Sendable) throws -> Value {
      guard let value = value as? Value else {
        preconditionFailure("Two questions of different types have the same key.")
      }
      return value
    }
  }
#endif

// SPDX-License-Identifier: Apache-2.0
//
// The reaction to the end of a child: the loop asks for a decision and carries it out (SV1).

import Joist

extension SupervisorLoop {
  /// Handles the end of a child's process.
  mutating func ended(_ number: Int, _ reason: ExitReason) throws {
    guard let entry = table[number] else { return }
    switch entry.status {
    case .running: try react(number, reason, hadStarted: true)
    case .starting(let round) where reason.isIgnoredStart: try ignored(number, entry, in: round)
    case .starting(let round): try failed(number, entry, in: round, reason)
    case .stopping: forget(number)
    case .waiting, .ended: break
    }
  }

  /// Asks for a decision about a child that has ended or failed to start, and carries it out.
  mutating func react(_ number: Int, _ reason: ExitReason, hadStarted: Bool) throws {
    guard let entry = table[number] else { return }
    let now = plan.clock()
    // The decision of a dynamic supervisor concerns one child only, and there may be many, so the others are left out.
    let numbers = plan.isDynamic ? [number] : table.numbers
    let states = numbers.map { number in
      let entry = table[number]!
      return RestartDecision.State(
        restart: entry.child.restart,
        isSignificant: entry.child.isSignificant,
        isAlive: entry.isAlive
      )
    }
    let action = RestartDecision.decide(
      plan.rules,
      states,
      ended: numbers.firstIndex(of: number)!,
      for: reason,
      hadStarted: hadStarted,
      history: &history,
      now: now
    )
    switch action {
    case .forget: forget(number)
    case .leave:
      table[number]?.status = .ended
      if plan.isDynamic { forget(number) }
    case .shutDown: try end(.shutdown)
    case .giveUp:
      try stopAll()
      throw TooManyRestarts(
        intensity: plan.rules.intensity,
        window: plan.rules.window,
        child: entry.child.name,
        lastReason: reason
      )
    case .restart(let stop, let forgotten, let start):
      for position in stop { try self.stop(numbers[position]) }
      for position in forgotten { forget(numbers[position]) }
      process.noteRestart()
      let delay = nextDelay(number, hadStarted: hadStarted, now)
      let attempt = table[number]?.attempts ?? 1
      try open(start.map { numbers[$0] }, after: delay, at: now, attempt: attempt, isRetry: !hadStarted)
    }
  }

  /// Returns the delay before the restart of a child, and counts the attempt; nil for no delay.
  ///
  /// The attempts count from zero again when the child has run for a whole window.
  private mutating func nextDelay(_ number: Int, hadStarted: Bool, _ now: ContinuousClock.Instant) -> Duration? {
    guard var entry = table[number] else { return nil }
    if hadStarted, let startedAt = entry.startedAt, now - startedAt >= plan.rules.window { entry.attempts = 0 }
    let delay = plan.backoff.delay(attempt: entry.attempts, &jitter)
    entry.attempts += 1
    table[number] = entry
    return delay
  }

  /// Opens a round (SV9), which starts after the delay.
  ///
  /// A failed start is tried again through a message to itself, so that other messages are handled in between.
  private mutating func open(
    _ numbers: [Int],
    after delay: Duration?,
    at now: ContinuousClock.Instant,
    attempt: Int,
    isRetry: Bool
  ) throws {
    lastRound += 1
    for number in numbers {
      if case .waiting(let earlier, _, _) = table[number]?.status { drop(earlier) }
      table[number]?.status = .waiting(round: lastRound, at: now + (delay ?? .zero), attempt: attempt)
    }
    rounds[lastRound] = Round(numbers: numbers[...])
    if let delay {
      rounds[lastRound]?.timer = process.sendAfter(delay, to: process.ref, .init(.roundDue(lastRound)))
    } else if isRetry {
      process.ref.send(.init(.roundDue(lastRound)))
    } else {
      try advance(lastRound)
    }
  }

  /// Drops a round whose children move to another round, or which has no children left.
  ///
  /// A round moves as a whole: a strategy that moves one child to another round also moves those behind it.
  private mutating func drop(_ round: Int) {
    if let timer = rounds.removeValue(forKey: round)?.timer { process.cancel(timer) }
  }

  /// Removes a waiting child from its round, and drops the round if it becomes empty.
  mutating func leave(_ round: Int, _ number: Int) {
    rounds[round]?.numbers.removeAll { $0 == number }
    if rounds[round]?.numbers.isEmpty == true { drop(round) }
  }

  /// Removes a child and answers the requests that wait for its end or its start.
  mutating func forget(_ number: Int) {
    guard let entry = table[number] else { return }
    table.remove(number)
    if let timer = entry.killTimer { process.cancel(timer) }
    for reply in entry.endReplies { reply.send(.success(())) }
    entry.startReply?.send(.failure(.startFailed(child: entry.child.name, .shutdown)))
  }
}

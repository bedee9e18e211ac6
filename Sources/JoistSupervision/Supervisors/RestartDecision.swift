// SPDX-License-Identifier: Apache-2.0
//
// What a supervisor does about a child that has ended: a pure function, without a clock and without a process.
// SV1. Who decides does nothing, and who acts decides nothing. The action names children by their places in the
//      order of their start.
// SV2. Within a window that reaches back from now, its beginning included, a supervisor starts children again
//      `intensity` times at most; a group that is started again together counts once. One more, and it gives up.
// SV3. A temporary child is never started again, also not with others: then it is ended with them and forgotten.

package import Joist

/// How a supervisor is to react.
package struct RestartRules: Sendable {
  package let strategy: Supervisor.Strategy
  package let intensity: Int
  package let window: Duration
  package let autoShutdown: Supervisor.AutoShutdown

  package init(
    _ strategy: Supervisor.Strategy = .oneForOne,
    intensity: Int = 3,
    window: Duration = .seconds(5),
    autoShutdown: Supervisor.AutoShutdown = .never
  ) {
    self.strategy = strategy
    self.intensity = intensity
    self.window = window
    self.autoShutdown = autoShutdown
  }
}

/// When children were started again, as far as it still counts.
package struct RestartHistory: Equatable {
  private var times: [ContinuousClock.Instant] = []

  package init() {}

  /// Notes one restart more; whether that is still allowed (SV2).
  mutating func add(_ now: ContinuousClock.Instant, _ rules: RestartRules) -> Bool {
    times.append(now)
    times.removeAll { now - $0 > rules.window }
    return times.count <= rules.intensity
  }
}

package enum RestartDecision {
  /// What matters of a child.
  package struct State {
    package let restart: Child.Restart
    package let isSignificant: Bool
    /// It runs, or is being started.
    package var isAlive: Bool

    package init(restart: Child.Restart = .permanent, isSignificant: Bool = false, isAlive: Bool = true) {
      self.restart = restart
      self.isSignificant = isSignificant
      self.isAlive = isAlive
    }
  }

  package enum Action: Equatable {
    /// It is no child any more.
    case forget
    /// It stays a child that does not run.
    case leave
    /// Ends some, in this order, forgets some, starts some, in this order.
    case restart(stop: [Int], forget: [Int], start: [Int])
    /// There were too many restarts.
    case giveUp
    /// A significant child has done its work, and the supervisor with it.
    case shutDown
  }

  /// What to do when a child has ended.
  ///
  /// One that had not started yet failed to start: it is tried again whatever its reason.
  package static func decide(
    _ rules: RestartRules,
    _ children: [State],
    ended place: Int,
    for reason: ExitReason,
    hadStarted: Bool = true,
    history: inout RestartHistory,
    now: ContinuousClock.Instant
  ) -> Action {
    let child = children[place]
    guard isStartedAgain(child.restart, reason, hadStarted) else {
      if isOver(rules, children, place) { return .shutDown }
      return child.restart == .temporary ? .forget : .leave
    }
    guard history.add(now, rules) else { return .giveUp }
    let group =
      switch rules.strategy {
      case .oneForOne: place..<place + 1
      case .oneForAll: children.indices
      case .restForOne: place..<children.count
      }
    return .restart(
      stop: group.reversed().filter { $0 != place && children[$0].isAlive },
      forget: group.filter { children[$0].restart == .temporary },  // SV3
      start: group.filter { children[$0].restart != .temporary }
    )
  }

  private static func isStartedAgain(_ restart: Child.Restart, _ reason: ExitReason, _ hadStarted: Bool) -> Bool {
    switch restart {
    case .permanent: true
    case .transient: !hadStarted || !reason.isOrderly
    case .temporary: false
    }
  }

  /// Whether the supervisor ends with that child, which is not started again.
  private static func isOver(_ rules: RestartRules, _ children: [State], _ place: Int) -> Bool {
    guard children[place].isSignificant else { return false }
    switch rules.autoShutdown {
    case .never: return false
    case .anySignificant: return true
    case .allSignificant:
      return !children.indices.contains { $0 != place && children[$0].isSignificant && children[$0].isAlive }
    }
  }
}

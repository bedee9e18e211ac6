// SPDX-License-Identifier: Apache-2.0
//
// The decision of a supervisor about a child that has ended: a pure function, without a clock and without a process.
// SV1. The decision has no side effects, and the code that carries it out decides nothing. The action names children by
//      their positions in the order of starting.
//
// A supervisor restarts children at most `intensity` times within a window that reaches back from now and includes its
// beginning. A group of children that is restarted together counts once. The next restart after that makes it give up.
// A temporary child is never restarted: when a group is restarted, its temporary children are ended and forgotten.

package import Joist

/// The rules by which a supervisor reacts to the end of a child.
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

/// The times of the restarts that still count.
package struct RestartHistory: Equatable {
  private var times: [ContinuousClock.Instant] = []

  package init() {}

  /// Records one more restart, and returns whether it is still allowed.
  mutating func add(_ now: ContinuousClock.Instant, _ rules: RestartRules) -> Bool {
    times.append(now)
    times.removeAll { now - $0 > rules.window }
    return times.count <= rules.intensity
  }
}

/// The decision of a supervisor about a child that has ended.
package enum RestartDecision {
  /// The properties of a child on which the decision depends.
  package struct State {
    package let restart: Child.Restart
    package let isSignificant: Bool
    /// Whether the child has a process: it runs, or is being started.
    package var isAlive: Bool

    package init(restart: Child.Restart = .permanent, isSignificant: Bool = false, isAlive: Bool = true) {
      self.restart = restart
      self.isSignificant = isSignificant
      self.isAlive = isAlive
    }
  }

  /// What the supervisor has to do.
  package enum Action: Equatable {
    /// Remove the child.
    case forget
    /// Keep the child without a process.
    case leave
    /// End the first group of children in this order, forget the second, and start the third in this order.
    case restart(stop: [Int], forget: [Int], start: [Int])
    /// End the supervisor: there were too many restarts.
    case giveUp
    /// End the supervisor: a significant child has ended, and the rules say that the supervisor ends with it.
    case shutDown
  }

  /// Decides what to do about a child that has ended.
  ///
  /// A child that had not started yet has failed to start. Unless it is temporary, it is tried again, whatever its
  /// reason.
  package static func decide(
    _ rules: RestartRules,
    _ children: [State],
    ended position: Int,
    for reason: ExitReason,
    hadStarted: Bool = true,
    history: inout RestartHistory,
    now: ContinuousClock.Instant
  ) -> Action {
    let child = children[position]
    guard isStartedAgain(child.restart, reason, hadStarted) else {
      if isOver(rules, children, position) { return .shutDown }
      return child.restart == .temporary ? .forget : .leave
    }
    guard history.add(now, rules) else { return .giveUp }
    let group =
      switch rules.strategy {
      case .oneForOne: position..<position + 1
      case .oneForAll: children.indices
      case .restForOne: position..<children.count
      }
    return .restart(
      stop: group.reversed().filter { $0 != position && children[$0].isAlive },
      forget: group.filter { children[$0].restart == .temporary },
      start: group.filter { children[$0].restart != .temporary }
    )
  }

  /// Returns whether the child is restarted.
  private static func isStartedAgain(_ restart: Child.Restart, _ reason: ExitReason, _ hadStarted: Bool) -> Bool {
    switch restart {
    case .permanent: true
    case .transient: !hadStarted || !reason.isOrderly
    case .temporary: false
    }
  }

  /// Returns whether the supervisor ends with the child, which is not restarted.
  private static func isOver(_ rules: RestartRules, _ children: [State], _ position: Int) -> Bool {
    guard children[position].isSignificant else { return false }
    switch rules.autoShutdown {
    case .never: return false
    case .anySignificant: return true
    case .allSignificant:
      return !children.indices.contains { $0 != position && children[$0].isSignificant && children[$0].isAlive }
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// The restart decision of a supervisor as a pure function, without a process or a clock.

import Joist
import JoistSupervision
import Testing

@Suite struct DecisionTests {
  private static let origin = ContinuousClock.now

  private func decide(
    _ children: [RestartDecision.State],
    _ strategy: Supervisor.Strategy = .oneForOne,
    ended: Int,
    _ reason: ExitReason,
    hadStarted: Bool = true,
    autoShutdown: Supervisor.AutoShutdown = .never
  ) -> RestartDecision.Action {
    var history = RestartHistory()
    return RestartDecision.decide(
      RestartRules(strategy, autoShutdown: autoShutdown),
      children,
      ended: ended,
      for: reason,
      hadStarted: hadStarted,
      history: &history,
      now: Self.origin
    )
  }

  @Test(arguments: [ExitReason.normal, .shutdown, .killed, .noProcess, .error(Failure())])
  func `P5: restart type and exit reason decide whether a child is restarted`(reason: ExitReason) {
    let again = RestartDecision.Action.restart(stop: [], forget: [], start: [0])
    #expect(decide([.init(restart: .permanent)], ended: 0, reason) == again)
    #expect(decide([.init(restart: .transient)], ended: 0, reason) == (reason.isOrderly ? .leave : again))
    #expect(decide([.init(restart: .temporary)], ended: 0, reason) == .forget)
  }

  @Test(arguments: [ExitReason.normal, .shutdown, .killed, .noProcess, .error(Failure())])
  func `P5: a child that did not start is tried again whatever its reason, unless it is temporary`(reason: ExitReason) {
    let again = RestartDecision.Action.restart(stop: [], forget: [], start: [0])
    #expect(decide([.init(restart: .permanent)], ended: 0, reason, hadStarted: false) == again)
    #expect(decide([.init(restart: .transient)], ended: 0, reason, hadStarted: false) == again)
    #expect(decide([.init(restart: .temporary)], ended: 0, reason, hadStarted: false) == .forget)
  }

  @Test(arguments: 0..<4)
  func `P5: one-for-one restarts one child, one-for-all all, rest-for-one also those behind it`(ended: Int) {
    var children = Array(repeating: RestartDecision.State(), count: 4)
    children[ended].isAlive = false
    #expect(decide(children, .oneForOne, ended: ended, .killed) == .restart(stop: [], forget: [], start: [ended]))
    let others = [3, 2, 1, 0].filter { $0 != ended }
    #expect(
      decide(children, .oneForAll, ended: ended, .killed) == .restart(stop: others, forget: [], start: [0, 1, 2, 3])
    )
    #expect(
      decide(children, .restForOne, ended: ended, .killed)
        == .restart(stop: others.filter { $0 > ended }, forget: [], start: Array(ended..<4))
    )
  }

  @Test func `P5: a group restart ends and forgets a temporary child, and starts a transient one that had ended`() {
    let children: [RestartDecision.State] = [
      .init(isAlive: false), .init(restart: .temporary), .init(restart: .transient, isAlive: false), .init(),
    ]
    let all = RestartDecision.Action.restart(stop: [3, 1], forget: [1], start: [0, 2, 3])
    #expect(decide(children, .oneForAll, ended: 0, .killed) == all)
    #expect(decide(children, .restForOne, ended: 0, .killed) == all)
    #expect(decide(children, .oneForAll, ended: 1, .killed) == .forget)
    #expect(decide(children, .oneForAll, ended: 2, .normal) == .leave)
  }

  @Test(arguments: [Supervisor.Strategy.oneForOne, .oneForAll, .restForOne], [0, 1, 3])
  func `P5: one restart more than the intensity within the window, its edge included, is too many`(
    strategy: Supervisor.Strategy,
    intensity: Int
  ) {
    let rules = RestartRules(strategy, intensity: intensity, window: .seconds(5))
    func actions(at times: [Duration]) -> [Bool] {
      var history = RestartHistory()
      return times.map { time in
        RestartDecision.decide(
          rules,
          [.init(), .init()],
          ended: 0,
          for: .killed,
          history: &history,
          now: Self.origin + time
        ) == .giveUp
      }
    }
    let allowed = Array(repeating: false, count: intensity)
    let inTime = Array(repeating: Duration.zero, count: intensity)
    #expect(actions(at: inTime + [.zero]) == allowed + [true])
    #expect(actions(at: inTime + [.seconds(5)]) == allowed + [true])
    let late = actions(at: inTime + [.seconds(5) + .nanoseconds(1)])
    #expect(late == allowed + [intensity == 0])
  }

  @Test func `P5: ends that restart no child do not count`() {
    var history = RestartHistory()
    let rules = RestartRules(intensity: 0)
    for restart in [Child.Restart.temporary, .transient] {
      _ = RestartDecision.decide(
        rules,
        [.init(restart: restart)],
        ended: 0,
        for: .normal,
        history: &history,
        now: Self.origin
      )
    }
    #expect(history == RestartHistory())
  }

  @Test func `P5: a supervisor may end with its first or last significant child`() {
    let one = RestartDecision.State(restart: .transient, isSignificant: true)
    var ended = one
    ended.isAlive = false
    let plain = RestartDecision.State(restart: .temporary)
    func end(_ children: [RestartDecision.State], _ auto: Supervisor.AutoShutdown, _ reason: ExitReason = .normal)
      -> RestartDecision.Action
    { decide(children, ended: 0, reason, autoShutdown: auto) }
    #expect(end([one, one], .never) == .leave)
    #expect(end([one, one], .anySignificant) == .shutDown)
    #expect(end([one, one], .allSignificant) == .leave)
    #expect(end([one, ended], .allSignificant) == .shutDown)
    #expect(end([plain, ended], .anySignificant) == .forget)
    #expect(end([one], .anySignificant, .killed) == .restart(stop: [], forget: [], start: [0]))
  }
}

@Suite struct BackoffTests {
  @Test func `P5: without jitter the delay doubles up to its maximum`() {
    let backoff = Backoff.exponential(from: .milliseconds(100), to: .seconds(1), jitter: 0)
    var generator = backoff.generator
    let delays = (0..<6).map { backoff.delay(attempt: $0, &generator) }
    #expect(delays == [100, 200, 400, 800, 1_000, 1_000].map { .milliseconds($0) })
    #expect(backoff.delay(attempt: .max, &generator) == .seconds(1))
    #expect(Backoff.none.delay(attempt: 3, &generator) == nil)
  }

  @Test func `P5: jitter removes at most its fraction of a delay, and the same parts for the same seed`() {
    let backoff = Backoff.exponential(from: .seconds(1), to: .seconds(1), jitter: 0.25, seed: 7)
    func delays() -> [Duration] {
      var generator = backoff.generator
      return (0..<1_000).map { _ in backoff.delay(attempt: 0, &generator)! }
    }
    let all = delays()
    #expect(all == delays())
    #expect(all.allSatisfy { $0 > .milliseconds(750) && $0 <= .seconds(1) })
    #expect(all.min()! < .milliseconds(760) && all.max()! > .milliseconds(990))
  }
}

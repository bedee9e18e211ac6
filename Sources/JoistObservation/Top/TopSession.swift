// SPDX-License-Identifier: Apache-2.0
//
// One use of the view: what is known, what the user has chosen, and when the program is asked next. Keys, answers and
// times come in, and questions and frames go out; the terminal and the clock are outside.

/// The view as a machine without a terminal.
package struct TopSession: Sendable {
  package private(set) var model = TopModel()
  package private(set) var state: TopState
  package private(set) var pace: TopPace
  /// The question that has no answer yet; at most one is on its way.
  package private(set) var pending: TopQuestion?
  /// Whether a key press waits for an answer.
  private var isUrgent = false

  /// Creates a session with these choices.
  package init(state: TopState) {
    self.state = state
    pace = TopPace(chosen: state.interval)
  }

  /// Takes a key and returns what has to be done outside of the session.
  package mutating func handle(_ key: TopKey) -> TopState.Effect? {
    let view = state.view
    let effect = state.handle(key, model: model)
    if state.view != view, case .process = state.view { model.forgetPage() }
    pace.chosen = state.interval
    if effect == .ask { isUrgent = true }
    return effect == .ask ? nil : effect
  }

  /// Returns the time of the next question; nil if an answer or a key has to come first.
  package func questionTime(now: Int64) -> Int64? {
    guard pending == nil, isUrgent || !state.isPaused else { return nil }
    let detail = pace.nextDetail(isUrgent: isUrgent, now: now)
    return state.isPaused ? detail : min(detail, pace.nextRuntime(now: now))
  }

  /// Returns the question whose time has come, if there is one; its answer must be given to `take`.
  package mutating func nextQuestion(now: Int64) -> TopQuestion? {
    guard let time = questionTime(now: now), time <= now else { return nil }
    let hasDetail = pace.nextDetail(isUrgent: isUrgent, now: now) <= now
    let question = TopQuestion(hasDetail ? state.question : nil, asksProgram: model.program == nil)
    pending = question
    return question
  }

  /// Takes the answer to the pending question.
  package mutating func take(_ answer: TopAnswer) {
    let detail = pending?.detail
    pending = nil
    pace.book(answer.timings, at: answer.time)
    if detail == state.question { isUrgent = false }
    var answer = answer
    // The page of a process that is no longer looked at would be shown as that of the present one.
    if case .process = answer.content, detail != state.question { answer.content = nil }
    model.apply(answer)
    if case .refused(let reason) = answer.content { state.message = reason }
    state.settleSelection(in: model.identities(for: state))
  }

  /// Takes the outcome of an action on a process: nil if it was done, or the reason why it was not.
  package mutating func tookAction(_ action: ControlAction, on id: String, failure: String?) {
    state.message = failure ?? "\(action.rawValue) \(id): done"
    isUrgent = true
  }

  /// Returns the frame for a size.
  package mutating func frame(_ size: ScreenSize) -> TopScreen.Frame {
    let frame = TopScreen(model: model, state: state, pace: pace, size: size).frame
    state.contentRows = frame.contentRows
    state.visibleRows = frame.visibleRows
    state.scroll = max(0, min(state.scroll, frame.contentRows - frame.visibleRows))
    return frame
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// Drives the view without a terminal: time passes only when a test says so, and answers come at once.

import JoistObservation

/// A session of the view with a made-up program.
struct TopDriver {
  let program: MadeUpProgram
  var session: TopSession
  /// The time of the view's clock, which the program's clock follows.
  var now: Int64 = 1_000_000_000
  /// The questions that were asked.
  var questions: [TopQuestion] = []

  init(_ settings: MadeUpProgram.Settings = .init(), state: TopState = TopState()) throws {
    program = MadeUpProgram(settings)
    session = TopSession(state: state)
    try ask()
  }

  /// Lets time pass in steps of 10 ms, and asks whatever the session wants to ask.
  mutating func pass(seconds: Double) throws {
    let end = now + Int64(seconds * 1e9)
    while now < end {
      now += 10_000_000
      program.change { $0.now += 10_000_000 }
      try ask()
    }
  }

  /// Presses keys; text is typed character by character.
  @discardableResult
  mutating func press(_ keys: TopKey...) throws -> TopState.Effect? {
    var last: TopState.Effect?
    for key in keys {
      last = session.handle(key)
      if case .control(let action, let id) = last {
        try program.control(action, id)
        session.tookAction(action, on: id, failure: nil)
      }
      try ask()
    }
    return last
  }

  mutating func type(_ text: String) throws {
    for character in text { try press(.character(character)) }
  }

  private mutating func ask() throws {
    guard let question = session.nextQuestion(now: now) else { return }
    questions.append(question)
    session.take(try question.ask(program) { now })
  }

  /// Returns the screen as lines of text without colours.
  mutating func screen(_ columns: Int = 80, _ lines: Int = 24) -> [String] {
    session.frame(ScreenSize(columns: columns, lines: lines)).rendered(columns: columns, style: .plain)
  }

  /// Returns the rows of the table of processes, without the lines around them.
  mutating func rows(_ columns: Int = 80, _ lines: Int = 24) -> [String] {
    let screen = screen(columns, lines)
    let heading = screen.firstIndex { $0.hasPrefix(" PROCESS") } ?? screen.count - 1
    return Array(screen[(heading + 1)...].dropLast().filter { !$0.isEmpty })
  }
}

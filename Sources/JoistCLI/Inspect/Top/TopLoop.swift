// SPDX-License-Identifier: Apache-2.0
//
// The loop of the full screen: it takes an event, gives it to the session, asks the program when it is time, and draws.
// Questions are asked on a queue of their own, so that keys work while a program is slow to answer.

import ArgumentParser
import Dispatch
import Foundation
import JoistObservation

/// Runs the view on a terminal.
struct TopLoop {
  /// The time after an escape character in which the rest of a key's sequence arrives, also over a slow line.
  private static let escapeTime: Int64 = 50_000_000

  private let inspector: any ProgramInspector
  private let terminal: Terminal
  private let style: TerminalStyle
  private let events = TopEvents()
  private let questions = DispatchQueue(label: "joist.top.questions")
  private var session: TopSession
  private var decoder = KeyDecoder()
  private var frame = TerminalFrame()

  /// Prepares the view of a program.
  init(_ inspector: any ProgramInspector, state: TopState) throws {
    self.inspector = inspector
    terminal = try Terminal()
    style = .of(ProcessInfo.processInfo.environment)
    session = TopSession(state: state)
  }

  /// Shows the view until the user quits, a signal comes or the program vanishes; restores the terminal in each case.
  mutating func run() throws {
    let signals = events.watchSignals()
    defer { withExtendedLifetime(signals) {} }
    try terminal.enter()
    defer { terminal.leave() }
    events.watchInput()
    var isDone = false
    while !isDone {
      ask()
      try draw()
      isDone = try react(to: events.next(until: deadline))
    }
  }

  private var deadline: Int64? {
    let question = session.questionTime(now: TopEvents.now)
    return decoder.hasPending ? min(question ?? .max, TopEvents.now + Self.escapeTime) : question
  }

  private mutating func ask() {
    guard let question = session.nextQuestion(now: TopEvents.now) else { return }
    let (inspector, events) = (inspector, events)
    questions.async {
      do {
        events.add(.answered(try question.ask(inspector) { TopEvents.now }))
      } catch {
        events.add(.vanished(error as? InspectionError ?? InspectionError("\(error)")))
      }
    }
  }

  private mutating func draw() throws {
    let size = Terminal.size
    let lines = session.frame(size).rendered(columns: size.columns, style: style)
    let text = frame.bytes(lines, size: size)
    if !text.isEmpty { try terminal.write(text) }
  }

  /// Takes an event; returns true when the view is to end.
  private mutating func react(to event: TopEvent?) throws -> Bool {
    switch event {
    case nil: return try handle(decoder.flush())
    case .bytes(let bytes): return try handle(decoder.decode(bytes))
    case .inputEnded: return true
    case .resized: frame.forget()
    case .continued:
      try terminal.enterRawMode()
      frame.forget()
    // A shell reports a program that a signal has ended as 128 and the signal's number.
    case .ended(let signal): throw ExitCode(128 + signal)
    case .answered(let answer): session.take(answer)
    case .vanished(let error): throw error
    case .acted(let action, let id, let failure): session.tookAction(action, on: id, failure: failure)
    }
    return false
  }

  private mutating func handle(_ keys: [TopKey]) throws -> Bool {
    for key in keys {
      switch session.handle(key) {
      case .quit: return true
      case .redraw: frame.forget()
      case .suspend:
        terminal.leave()
        raise(SIGTSTP)
        try terminal.enter()
        frame.forget()
      case .control(let action, let id): act(action, id)
      case .ask, nil: break
      }
    }
    return false
  }

  private func act(_ action: ControlAction, _ id: String) {
    let (inspector, events) = (inspector, events)
    questions.async {
      do {
        try inspector.control(action, id)
        events.add(.acted(action, id, failure: nil))
      } catch {
        events.add(.acted(action, id, failure: "\(error)"))
      }
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// Asks another program over its control socket. A view, a page or a command uses it as it would use the inspector of
// its own program. `ControlClient+Questions.swift` has the questions, `ControlClient+Programs.swift` the way to a
// program.

import Synchronization

/// A connection to the control socket of another program.
///
/// Any thread may ask; questions are asked one after the other. A connection that the program has ended in a pause is
/// opened again by the next question.
public final class ControlClient: ProgramInspector {
  private struct State {
    var session: ControlSession
    var lastID = 0
  }

  /// What `close` needs while another thread waits for an answer.
  private struct Current {
    var session: ControlSession?
    var isClosed = false
  }

  /// The time for an answer, beyond the time for which a question has the program watch.
  package static let usualPatience = Duration.seconds(10)
  /// The time to connect.
  static let connectTime = Duration.seconds(2)

  /// The path of the socket.
  public let path: String

  private let patience: Duration
  /// The lock that a thread holds while it asks and waits for the answer.
  private let asking: Mutex<State>
  private let current: Mutex<Current>

  init(_ session: ControlSession, path: String, patience: Duration) {
    self.path = path
    self.patience = patience
    asking = Mutex(State(session: session))
    current = Mutex(Current(session: session))
  }

  /// Ends the connection; questions that are being answered, and all later ones, throw.
  public func close() {
    current.withLock { current in
      current.isClosed = true
      current.session?.end()
      current.session = nil
    }
  }

  /// Asks a question and waits for its answer; waits first while other threads ask.
  func ask<Value: Codable & Sendable>(
    _ question: ControlQuestion,
    _ type: Value.Type = Value.self
  ) throws(InspectionError) -> ControlSession.Answer<Value> {
    let answer = try asking.withLock { state throws(InspectionError) -> ControlSession.Answer<Value> in
      let session = try connection(&state)
      state.lastID += 1
      return try session.ask(question, id: state.lastID, patience: patience)
    }
    if let refusal = answer.refusal { throw refusal }
    return answer
  }

  /// Returns the connection, or a new one if the program has ended it or the last question failed.
  private func connection(_ state: inout State) throws(InspectionError) -> ControlSession {
    let closed = InspectionError("the connection to \(ControlFolder.shown(path)) is closed: connect again")
    guard !current.withLock(\.isClosed) else { throw closed }
    if state.session.isIdle { return state.session }
    let new = try ControlClient.session(path)
    state.session = new
    let isCurrent = current.withLock { current in
      current.session = new
      return !current.isClosed
    }
    guard isCurrent else { throw closed }
    return new
  }

  /// Connects to a path; names the path in each error.
  static func session(_ path: String) throws(InspectionError) -> ControlSession {
    do throws(ControlConnectFailure) {
      return try ControlSession(to: path, until: .now + connectTime)
    } catch {
      switch error {
      case .failed(let error): throw error
      case .isGone: throw InspectionError("no program answers at \(ControlFolder.shown(path)): it has ended")
      }
    }
  }
}

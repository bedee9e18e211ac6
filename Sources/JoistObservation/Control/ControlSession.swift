// SPDX-License-Identifier: Apache-2.0
//
// The client's side of one connection: one question after the other, each with its reply. `ControlClient` adds the
// lock and the new connection after a pause; the list of programs uses it directly.

/// Why there is no connection.
enum ControlConnectFailure: Error {
  /// There is no file, or no program listens on it.
  case isGone
  case failed(InspectionError)
}

/// A connection to the control socket of a program.
struct ControlSession: Sendable {
  /// What came for a question: a value, bytes, the program's refusal, or nothing of these.
  struct Answer<Value: Sendable>: Sendable {
    var value: Value?
    var bytes: [UInt8]?
    /// Why the program did not answer; the connection can carry another question, unless the program ends it.
    var refusal: InspectionError?
  }

  /// The time for a whole request.
  private static let sendTime = Duration.seconds(5)
  /// The time in which an answer must move by at least a byte, and in which the longest must be there.
  private static let stall = Duration.seconds(10)
  private static let whole = Duration.seconds(120)

  private let channel: ControlChannel
  /// The path of the socket, as errors show it.
  private let shown: String

  /// Connects to the socket at a path, if it is one of this user, until a deadline.
  init(to path: String, until deadline: ContinuousClock.Instant) throws(ControlConnectFailure) {
    shown = ControlFolder.shown(path)
    let status: FileStatus
    do throws(SystemError) {
      status = try FileStatus(of: path)
    } catch {
      throw ControlSession.failure(error, shown)
    }
    guard status.kind == .socket else {
      throw .failed(InspectionError("\(shown) is not a socket: name the control socket of a program"))
    }
    try ControlSession.check(user: status.owner, shown)
    do throws(SystemError) {
      channel = ControlChannel(socket: try UnixSocket.connected(to: path, until: deadline))
    } catch {
      throw ControlSession.failure(error, shown)
    }
    guard let user = channel.socket.peerUser else { throw .isGone }
    try ControlSession.check(user: user, shown)
  }

  /// Throws if a socket is that of another user; root may ask the programs of all users.
  private static func check(user: UInt32, _ shown: String) throws(ControlConnectFailure) {
    guard user == SystemCalls.user || SystemCalls.user == 0 else {
      throw .failed(InspectionError("\(shown) belongs to another user (\(user)): ask as that user"))
    }
  }

  private static func failure(_ error: SystemError, _ shown: String) -> ControlConnectFailure {
    if error.isMissing || error.isRefused { return .isGone }
    if error.isForbidden { return .failed(InspectionError("\(shown) belongs to another user: ask as that user")) }
    if error.isTransient { return .failed(InspectionError("\(shown) does not answer: its program may be stopped")) }
    return .failed(InspectionError("cannot connect to \(shown): \(error)"))
  }

  // MARK: Asking

  /// Asks a question and waits for its answer: at most `patience` and the time for which the program watches.
  ///
  /// After an error, the connection may still carry the answer, so it is ended.
  func ask<Value: Codable & Sendable>(
    _ question: ControlQuestion,
    id: Int,
    patience: Duration
  ) throws(InspectionError) -> Answer<Value> {
    do throws(InspectionError) {
      try send(question, id: id)
      let seconds = min(max(question.seconds, 0), ControlLimits.seconds)
      return try receive(id: id, until: .now + patience + .seconds(seconds))
    } catch {
      end()
      throw error
    }
  }

  /// Sends a question.
  ///
  /// A connection that has ended is no error here, because the reply that says why may have come.
  func send(_ question: ControlQuestion, id: Int) throws(InspectionError) {
    guard let frame = try? ControlCoding.encode(ControlRequest(id: id, question: question)),
      frame.count <= ControlLimits.requestBytes
    else {
      throw InspectionError("the question cannot be asked: a name in it is too long, or a number is not finite")
    }
    do throws(ControlFault) {
      try channel.sendFrame(frame, TransferLimit(ControlSession.sendTime, stall: ControlSession.sendTime))
    } catch {
      if case .late = error { throw describe(error) }
    }
  }

  /// Receives the reply to the request with a number, whose first byte must come before the deadline.
  func receive<Value: Codable & Sendable>(
    id: Int,
    until deadline: ContinuousClock.Instant
  ) throws(InspectionError) -> Answer<Value> {
    let frame = try describing { () throws(ControlFault) in
      try channel.receiveFrame(
        limit: ControlLimits.answerBytes,
        start: deadline,
        duration: ControlSession.whole,
        stall: ControlSession.stall
      )
    }
    let reply: ControlReply<Value> = try decode(frame, id: id)
    guard let count = reply.bytes else {
      return Answer(value: reply.ok, refusal: reply.err.map { InspectionError(oneLine: $0) })
    }
    return try describing { () throws(ControlFault) in
      guard (0...ControlLimits.answerBytes).contains(count) else { throw .badLength(count) }
      return Answer(bytes: try channel.receive(count, TransferLimit(ControlSession.whole, stall: ControlSession.stall)))
    }
  }

  /// Whether the connection can carry another question: the program has neither ended it nor sent anything.
  var isIdle: Bool { !channel.hasInput }

  /// Ends the connection; a thread that waits for an answer is told that there is none.
  func end() { channel.socket.endConnection() }

  private func decode<Value: Codable & Sendable>(
    _ frame: [UInt8],
    id: Int
  ) throws(InspectionError) -> ControlReply<Value> {
    guard let envelope = try? ControlCoding.decode(ControlEnvelope.self, from: frame) else {
      throw describe(.badLength(frame.count))
    }
    guard envelope.version == ControlEnvelope.currentVersion else {
      throw InspectionError(programVersion: envelope.version, clientVersion: ControlEnvelope.currentVersion)
    }
    guard let reply = try? ControlCoding.decode(ControlReply<Value>.self, from: frame) else {
      throw InspectionError(
        "the answer of \(shown) cannot be read: use the joist command of the version that the program was built with"
      )
    }
    guard reply.id == id || (reply.id == 0 && reply.err != nil) else { throw describe(.badLength(frame.count)) }
    return reply
  }

  // MARK: Errors

  private func describing<Result>(_ transfer: () throws(ControlFault) -> Result) throws(InspectionError) -> Result {
    do throws(ControlFault) {
      return try transfer()
    } catch {
      throw describe(error)
    }
  }

  private func describe(_ fault: ControlFault) -> InspectionError {
    switch fault {
    case .late: InspectionError("\(shown) does not answer in time: its program may be stopped or overloaded")
    case .ended, .cut, .failed: InspectionError("\(shown) gave no answer: its program has ended or closed the socket")
    case .badLength: InspectionError("\(shown) does not speak the control protocol: name the socket of a program")
    }
  }
}

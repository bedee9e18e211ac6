// SPDX-License-Identifier: Apache-2.0
//
// The serving of one client, on a thread of its own: receives a request, asks the inspector, sends the reply, and
// begins again. A client that breaks a bound of `ControlLimits` or the protocol is told so, if it still listens, and
// its connection ends.

/// What all connections of a server share.
struct ControlService: Sendable {
  let inspector: any ProgramInspector
  let allowControl: Bool
  let limits: ControlLimits
  let memory = AnswerMemory()
}

/// A client that is served.
struct ControlConnection {
  private let channel: ControlChannel
  private let service: ControlService
  private var rate: QuestionRate
  /// Whether the client has asked anything yet.
  private var hasAsked = false
  /// The number of questions in a row that were followed by another before their answer was sent.
  private var questionsAhead = 0

  init(_ socket: UnixSocket, _ service: ControlService) {
    channel = ControlChannel(socket: socket)
    self.service = service
    rate = QuestionRate(service.limits)
  }

  /// Serves the client until it leaves or is dropped.
  mutating func serve() {
    var isServed = true
    while isServed {
      do throws(ControlFault) {
        isServed = try serveOne()
      } catch {
        if case .badLength(let length) = error {
          let text = "a request of \(length) bytes is not possible: its length is 1 to \(ControlLimits.requestBytes)"
          try? refuse(id: 0, InspectionError(text))
        }
        isServed = false
      }
    }
    channel.socket.endConnection()
  }

  /// Answers one request; returns whether the connection stays.
  private mutating func serveOne() throws(ControlFault) -> Bool {
    let limits = service.limits
    let frame = try channel.receiveFrame(
      limit: ControlLimits.requestBytes,
      start: .now + (hasAsked ? limits.idle : limits.request),
      duration: limits.request,
      stall: limits.request
    )
    hasAsked = true
    guard let envelope = try? ControlCoding.decode(ControlEnvelope.self, from: frame) else {
      try refuse(id: 0, InspectionError("the request cannot be read: it is not one of the control protocol"))
      return false
    }
    let (version, id) = (envelope.version, envelope.id)
    guard version == ControlEnvelope.currentVersion else {
      let versions = InspectionError(programVersion: ControlEnvelope.currentVersion, clientVersion: version)
      try refuse(id: id, versions)
      return false
    }
    // A wait for the end of the connection alone: what the client sends meanwhile stays in the system's buffer.
    let pause = rate.take()
    if pause > .zero, channel.socket.wait(for: .onlyEnd, until: .now + pause) { return false }
    questionsAhead = channel.hasInput ? questionsAhead + 1 : 0
    try answer(frame, id: id)
    guard questionsAhead <= ControlLimits.questionsAhead else {
      let text = "more than \(ControlLimits.questionsAhead) questions came ahead of their answers: wait for each answer"
      try refuse(id: 0, InspectionError(text))
      return false
    }
    return true
  }

  /// Answers a request whose version is known.
  private func answer(_ frame: [UInt8], id: Int) throws(ControlFault) {
    guard let request = try? ControlCoding.decode(ControlRequest.self, from: frame) else {
      let text = "the program does not know this question: use the joist command of the version it was built with"
      return try refuse(id: id, InspectionError(text))
    }
    let header: [UInt8]
    var following: [UInt8] = []
    do {
      switch try request.question.answer(by: service.inspector, allowControl: service.allowControl) {
      case .value(let value): header = try ControlConnection.encode(value, id: id)
      case .nothing: header = try ControlCoding.encode(ControlReply<ControlNothing>(id: id))
      case .bytes(let bytes):
        header = try ControlCoding.encode(ControlReply<ControlNothing>(id: id, bytes: bytes.count))
        following = bytes
      }
    } catch {
      return try refuse(id: id, InspectionError(oneLine: error))
    }
    try send(header, following, id: id)
  }

  private static func encode<Value: Codable & Sendable>(_ value: Value, id: Int) throws -> [UInt8] {
    guard let bytes = try? ControlCoding.encode(ControlReply<Value>(id: id, ok: value)) else {
      throw InspectionError("the answer cannot be written as JSON: it is nested too deeply, or a number is not finite")
    }
    return bytes
  }

  /// Sends an answer if it is within its bound and there is memory for it, or else an error.
  private func send(_ header: [UInt8], _ following: [UInt8], id: Int) throws(ControlFault) {
    let count = header.count + following.count
    guard max(header.count, following.count) <= ControlLimits.answerBytes else {
      let limit = ControlLimits.answerBytes
      return try refuse(
        id: id,
        InspectionError("the answer has \(count) bytes and at most \(limit) are possible: ask for less")
      )
    }
    guard service.memory.reserve(count) else {
      return try refuse(
        id: id,
        InspectionError("other clients have not taken their long answers: ask again in a few seconds")
      )
    }
    defer { service.memory.release(count) }
    let transfer = TransferLimit(service.limits.answer, stall: service.limits.stall)
    try channel.sendFrame(header, transfer)
    try channel.send(following, transfer)
  }

  /// Sends an error in place of an answer.
  private func refuse(id: Int, _ error: InspectionError) throws(ControlFault) {
    guard let reply = try? ControlCoding.encode(ControlReply<ControlNothing>(id: id, err: error)) else { return }
    try channel.sendFrame(reply, TransferLimit(service.limits.answer, stall: service.limits.stall))
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// The questions of `ProgramInspector`, asked over the socket. Each blocks for at most ten seconds and the time for
// which the program watches, and a little longer while a long answer arrives.

extension ControlClient {
  /// Returns what the program says of itself; blocks.
  public func program() throws(InspectionError) -> ProgramDescription { try value(of: .program) }

  /// Returns the description of the program's runtime; blocks.
  public func runtime() throws(InspectionError) -> RuntimeDescription { try value(of: .runtime) }

  /// Returns the processes with the largest figures, or with the largest growth since the program was last asked by
  /// any client; blocks.
  public func processes(by figure: ProcessFigure, limit: Int, sinceLast: Bool) throws(InspectionError) -> ProcessList {
    try value(of: .processes(by: figure, limit: limit, sinceLast: sinceLast))
  }

  /// Returns one process; nil if there is none with that identity or name; blocks.
  public func process(_ idOrName: String) throws(InspectionError) -> ProcessPage? {
    try ask(.process(idOrName: idOrName)).value
  }

  /// Returns the roots of the supervision tree; blocks.
  public func supervisionTree() throws(InspectionError) -> [SupervisionNode] { try value(of: .supervisionTree) }

  /// Returns all processes grouped by their stacks; blocks.
  public func stacks(limit: Int) throws(InspectionError) -> [StackGroup] { try value(of: .stacks(limit: limit)) }

  /// Returns the processes that wait for each other or for a long time; blocks.
  public func waits(limit: Int) throws(InspectionError) -> WaitList { try value(of: .waits(limit: limit)) }

  /// Returns a recording of that number of seconds, at most 600; blocks.
  public func recording(seconds: Double, level: String) throws(InspectionError) -> [UInt8] {
    try bytes(of: .recording(seconds: seconds, level: level))
  }

  /// Returns the stacks that were seen in that number of seconds, at most 600; blocks.
  public func profile(seconds: Double) throws(InspectionError) -> [ProfiledStack] {
    try value(of: .profile(seconds: seconds))
  }

  /// Returns the whole program as text or as JSON lines, at most 256 MiB; blocks.
  public func dump(asJSON: Bool, limitBytes: Int) throws(InspectionError) -> [UInt8] {
    try bytes(of: .dump(asJSON: asJSON, limitBytes: limitBytes))
  }

  /// Ends, suspends or resumes a process; throws if the program does not allow that; blocks.
  public func control(_ action: ControlAction, _ idOrName: String) throws(InspectionError) {
    let _: ControlSession.Answer<ControlNothing> = try ask(.control(action: action, idOrName: idOrName))
  }

  private func value<Value: Codable & Sendable>(of question: ControlQuestion) throws(InspectionError) -> Value {
    guard let value = try ask(question, Value.self).value else { throw missing }
    return value
  }

  private func bytes(of question: ControlQuestion) throws(InspectionError) -> [UInt8] {
    guard let bytes = try ask(question, ControlNothing.self).bytes else { throw missing }
    return bytes
  }

  private var missing: InspectionError {
    InspectionError(
      "\(ControlFolder.shown(path)) sent no answer: use the joist command of the version the program was built with"
    )
  }
}

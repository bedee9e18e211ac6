// SPDX-License-Identifier: Apache-2.0
//
// From a question to its answer: asks the inspector, with every number of the question held within its bound.

/// The answer to a question, not yet encoded.
enum ControlAnswer: Sendable {
  /// A value that travels as JSON.
  case value(any Codable & Sendable)
  /// Bytes that travel as they are.
  case bytes([UInt8])
  /// There is no such process, or the action is done.
  case nothing
}

extension ControlQuestion {
  /// Asks an inspector; blocks until it has answered.
  func answer(by inspector: any ProgramInspector, allowControl: Bool) throws -> ControlAnswer {
    switch self {
    case .program:
      var program = try inspector.program()
      program.allowsControl = allowControl
      return .value(program)
    case .runtime: return .value(try inspector.runtime())
    case .processes(let figure, let limit, let sinceLast):
      return .value(try inspector.processes(by: figure, limit: ControlQuestion.rows(limit), sinceLast: sinceLast))
    case .process(let idOrName): return try inspector.process(idOrName).map { .value($0) } ?? .nothing
    case .supervisionTree: return .value(try inspector.supervisionTree().map { $0.cut(to: ControlLimits.treeLevels) })
    case .stacks(let limit): return .value(try inspector.stacks(limit: ControlQuestion.rows(limit)))
    case .waits(let limit): return .value(try inspector.waits(limit: ControlQuestion.rows(limit)))
    case .recording(let seconds, let level):
      return .bytes(try inspector.recording(seconds: ControlQuestion.checked(seconds), level: level))
    case .profile(let seconds): return .value(try inspector.profile(seconds: ControlQuestion.checked(seconds)))
    case .dump(let asJSON, let limitBytes):
      let limit = min(max(limitBytes, 0), ControlLimits.answerBytes)
      return .bytes(try inspector.dump(asJSON: asJSON, limitBytes: limit))
    case .control(let action, let idOrName):
      guard allowControl else {
        throw InspectionError(
          "the program does not let others \(action.rawValue) its processes: open its control socket with allowControl"
        )
      }
      try inspector.control(action, idOrName)
      return .nothing
    }
  }

  private static func rows(_ limit: Int) -> Int { min(max(limit, 0), ControlLimits.rows) }

  private static func checked(_ seconds: Double) throws -> Double {
    guard (0...ControlLimits.seconds).contains(seconds) else {
      throw InspectionError("\(seconds) seconds are not possible: ask for 0 to \(Int(ControlLimits.seconds)) seconds")
    }
    return seconds
  }
}

extension SupervisionNode {
  /// Returns the node with a number of levels below it; a child that says so stands for those that are left out.
  fileprivate func cut(to levels: Int) -> SupervisionNode {
    var node = self
    let isCut = levels == 0 && !children.isEmpty
    node.children = isCut ? [SupervisionNode.leftOut] : children.map { $0.cut(to: levels - 1) }
    return node
  }

  private static var leftOut: SupervisionNode {
    SupervisionNode(id: "…", name: "deeper levels are left out", isSupervisor: false, attempt: 1, children: [])
  }
}

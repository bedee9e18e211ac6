// SPDX-License-Identifier: Apache-2.0
//
// What a check is. To add one, define it in a file of its family and put it into the list of `Check+All.swift`.

/// A rule, and how it is checked on a real runtime.
struct Check: Sendable {
  let name: String
  /// The rule in a few words.
  let rule: String
  let bound: Bound
  /// Of the figure.
  let unit: String
  /// Whether the figure depends on what else the machine does.
  ///
  /// Then it is measured up to three times, until it is within its bound. What is only logic is measured once.
  let isTimed: Bool
  let measure: @Sendable (Conditions) throws -> Measured

  init(
    _ name: String,
    _ rule: String,
    _ bound: Bound,
    _ unit: String,
    isTimed: Bool = false,
    measure: @escaping @Sendable (Conditions) throws -> Measured
  ) {
    self.name = name
    self.rule = rule
    self.bound = bound
    self.unit = unit
    self.isTimed = isTimed
    self.measure = measure
  }

  /// Measures and judges.
  func judge(_ conditions: Conditions) -> Verdict {
    var verdict = judgeOnce(conditions)
    var left = isTimed ? 2 : 0
    while !verdict.holds && left > 0 {
      verdict = judgeOnce(conditions)
      left -= 1
    }
    return verdict
  }

  private func judgeOnce(_ conditions: Conditions) -> Verdict {
    conditions.progress.show(conditions.title)
    let (result, load) = MachineLoad.during { Result { try measure(conditions) } }
    switch result {
    case .success(let measured): return verdict(measured.figure, measured.detail, load)
    case .failure(let error): return verdict(nil, "\(error)", load)
    }
  }

  private func verdict(_ figure: Double?, _ detail: String, _ load: MachineLoad?) -> Verdict {
    Verdict(name: name, rule: rule, bound: bound, unit: unit, figure: figure, detail: detail, load: load)
  }
}

/// What a check measured.
struct Measured {
  let figure: Double
  /// What else is worth saying, in a few words.
  let detail: String

  init(_ figure: Double, _ detail: String = "") {
    self.figure = figure
    self.detail = detail
  }

  init(_ figure: Int, _ detail: String = "") { self.init(Double(figure), detail) }
}

/// Why a check has no figure.
struct CheckProblem: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

// SPDX-License-Identifier: Apache-2.0
//
// The definition of a check. To add one, define it in the file of its family and add it to the list in
// `Check+All.swift`.

/// A scheduling rule with a measurement that tests it on a real runtime.
struct Check: Sendable {
  let name: String
  /// The rule in a few words.
  let rule: String
  let bound: Bound
  /// The unit of the measured figure.
  let unit: String
  /// Whether the figure depends on the load of the machine.
  ///
  /// If so, the check measures at most three times, until the figure is within its bound. Other checks measure once.
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

  /// Measures, compares the figure with the bound, and returns the verdict.
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

/// The measurement of a check.
struct Measured {
  let figure: Double
  /// Additional information for the output, in a few words.
  let detail: String

  init(_ figure: Double, _ detail: String = "") {
    self.figure = figure
    self.detail = detail
  }

  init(_ figure: Int, _ detail: String = "") { self.init(Double(figure), detail) }
}

/// The reason why a check has no figure.
struct CheckProblem: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

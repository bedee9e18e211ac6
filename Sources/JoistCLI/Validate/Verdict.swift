// SPDX-License-Identifier: Apache-2.0
//
// The verdict on a rule: the comparison of a measured figure with its bound, and its text. Nothing is measured here.

import Foundation

/// The condition on a figure under which its rule holds.
package enum Bound: Sendable, Equatable {
  case exactly(Double)
  case atMost(Double)
  case atLeast(Double)

  /// Returns whether the figure satisfies the bound; NaN never does.
  package func holds(_ figure: Double) -> Bool {
    switch self {
    case .exactly(let value): figure == value
    case .atMost(let value): figure <= value
    case .atLeast(let value): figure >= value
    }
  }

  fileprivate var parts: (relation: String, value: Double) {
    switch self {
    case .exactly(let value): ("exactly", value)
    case .atMost(let value): ("at most", value)
    case .atLeast(let value): ("at least", value)
    }
  }
}

/// The result of a check.
package struct Verdict: Sendable, Encodable {
  /// The texts of the check.
  package let name, rule, unit: String
  /// Whether the rule holds.
  package let holds: Bool
  /// The measured figure; nil if the measurement failed.
  package let figure: Double?
  /// The required relation of the figure to `bound`: `exactly`, `at most` or `at least`.
  package let relation: String
  package let bound: Double
  /// Additional information, or the reason why the measurement failed.
  package let detail: String
  /// The number of processors that other programs used meanwhile; nil where the system does not report it.
  package let processorsOfOthers: Double?
  /// The text about the load of the machine; nil if the machine was not busy.
  private let busy: String?

  private enum CodingKeys: String, CodingKey {
    case name, rule, unit, holds, figure, relation, bound, detail, processorsOfOthers
  }

  /// Compares the figure with the bound; without a figure the rule does not hold.
  package init(
    name: String,
    rule: String,
    bound: Bound,
    unit: String,
    figure: Double?,
    detail: String,
    load: MachineLoad? = nil
  ) {
    self.name = name
    self.rule = rule
    self.unit = unit
    self.figure = figure
    self.detail = detail
    (relation, self.bound) = bound.parts
    holds = figure.map(bound.holds) ?? false
    processorsOfOthers = load?.others
    busy = load.flatMap { $0.isBusy ? "the machine was busy: \($0)" : nil }
  }

  /// Returns the verdict as one line of text.
  package func line(nameWidth: Int = 0, ruleWidth: Int = 0) -> String {
    let start = "\(holds ? "holds" : "FAILS")  \(name.padded(to: nameWidth))  \(rule.padded(to: ruleWidth))"
    let more = [detail, holds ? "" : busy ?? ""].filter { !$0.isEmpty }.joined(separator: "; ")
    guard let figure else { return "\(start)  \(more)" }
    let rest = "\(Self.text(figure)) \(unit) (must be \(relation) \(Self.text(bound)))"
    return more.isEmpty ? "\(start)  \(rest)" : "\(start)  \(rest): \(more)"
  }

  /// Returns one line about all verdicts.
  package static func summary(_ verdicts: [Verdict]) -> String {
    let broken = verdicts.filter { !$0.holds }.map(\.name)
    if broken.isEmpty { return verdicts.count == 1 ? "The rule holds." : "All \(verdicts.count) rules hold." }
    let rules = "\(broken.count) of \(verdicts.count) rules do not hold: \(broken.joined(separator: ", "))."
    guard verdicts.contains(where: { !$0.holds && $0.busy != nil }) else { return rules }
    return "\(rules) The machine was busy: rules that depend on time may hold when no other program runs."
  }

  /// Returns the exit status of the program: 0 if all rules hold, otherwise 1.
  package static func status(_ verdicts: [Verdict]) -> Int32 { verdicts.allSatisfy(\.holds) ? 0 : 1 }

  /// Formats a whole number without a fraction, and any other with four significant digits.
  private static func text(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? String(format: "%.0f", value) : String(format: "%.4g", value)
  }
}

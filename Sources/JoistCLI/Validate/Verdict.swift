// SPDX-License-Identifier: Apache-2.0
//
// Whether a rule holds: its figure against its bound, and how that is said. Nothing is measured here.

import Foundation

/// What a figure must be for its rule to hold.
package enum Bound: Sendable, Equatable {
  case exactly(Double)
  case atMost(Double)
  case atLeast(Double)

  /// Whether a figure is within; one that is no number never is.
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

/// What came of a check.
package struct Verdict: Sendable, Encodable {
  /// The check's.
  package let name, rule, unit: String
  /// Whether the rule holds.
  package let holds: Bool
  /// What was measured; nil if that went wrong.
  package let figure: Double?
  /// How the figure must be to `bound`, and what that is.
  package let relation: String
  package let bound: Double
  /// What else was measured, or what went wrong.
  package let detail: String
  /// Processors that other programs used meanwhile; nil where the system does not say.
  package let processorsOfOthers: Double?
  /// What there is to say of a busy machine; nil where it was not busy.
  private let busy: String?

  private enum CodingKeys: String, CodingKey {
    case name, rule, unit, holds, figure, relation, bound, detail, processorsOfOthers
  }

  /// Judges; without a figure no rule holds.
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

  /// One line for a person.
  package func line(nameWidth: Int = 0, ruleWidth: Int = 0) -> String {
    let start = "\(holds ? "holds" : "FAILS")  \(name.padded(to: nameWidth))  \(rule.padded(to: ruleWidth))"
    let more = [detail, holds ? "" : busy ?? ""].filter { !$0.isEmpty }.joined(separator: "; ")
    guard let figure else { return "\(start)  \(more)" }
    let rest = "\(Self.text(figure)) \(unit), \(relation) \(Self.text(bound))"
    return more.isEmpty ? "\(start)  \(rest)" : "\(start)  \(rest): \(more)"
  }

  /// A line for all.
  package static func summary(_ verdicts: [Verdict]) -> String {
    let broken = verdicts.filter { !$0.holds }.map(\.name)
    if broken.isEmpty { return verdicts.count == 1 ? "The rule holds." : "All \(verdicts.count) rules hold." }
    let rules = "\(broken.count) of \(verdicts.count) rules do not hold: \(broken.joined(separator: ", "))."
    guard verdicts.contains(where: { !$0.holds && $0.busy != nil }) else { return rules }
    return "\(rules) The machine was busy: what depends on time may hold when nothing else runs."
  }

  /// What the program ends with.
  package static func status(_ verdicts: [Verdict]) -> Int32 { verdicts.allSatisfy(\.holds) ? 0 : 1 }

  /// Whole numbers as such, others with four significant digits.
  private static func text(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? String(format: "%.0f", value) : String(format: "%.4g", value)
  }
}

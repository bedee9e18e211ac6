// SPDX-License-Identifier: Apache-2.0
//
// The line of JSON that a single scenario prints and the suite reads.

import Foundation

/// The results of one scenario as a line of JSON.
struct BenchLine {
  let figures: [String: Double]
  let buckets: [Bucket]
  let text: String

  /// Creates the line: the name, the figures with three decimals, and the buckets if `withBuckets` is true.
  init(_ scenario: Scenario, _ outcome: Outcome, withBuckets: Bool) {
    figures = outcome.figures
    buckets = withBuckets ? outcome.distribution?.buckets ?? [] : []
    var members = ["\"scenario\": \"\(scenario.name)\""]
    for figure in scenario.figures {
      if let value = figures[figure.key] { members.append("\"\(figure.key)\": \(String(format: "%.3f", value))") }
    }
    if !buckets.isEmpty {
      let list = buckets.map { "[\($0.from), \($0.to), \($0.count)]" }.joined(separator: ", ")
      members.append("\"buckets\": [\(list)]")
    }
    text = "{\(members.joined(separator: ", "))}"
  }

  /// Parses a line; throws if it is not a line of that scenario.
  init(_ scenario: Scenario, reading data: Data) throws {
    let members = try JSONDecoder().decode([String: Member].self, from: data)
    var figures: [String: Double] = [:]
    for figure in scenario.figures {
      guard case .number(let value) = members[figure.key] else {
        throw BenchProblem("the run's output has no figure '\(figure.key)'")
      }
      figures[figure.key] = value
    }
    self.figures = figures
    if case .buckets(let list) = members["buckets"] { buckets = list } else { buckets = [] }
    text = String(decoding: data, as: UTF8.self)
  }

  private enum Member: Decodable {
    case name
    case number(Double)
    case buckets([Bucket])

    init(from decoder: any Decoder) throws {
      let value = try decoder.singleValueContainer()
      if let number = try? value.decode(Double.self) {
        self = .number(number)
      } else if let lists = try? value.decode([[UInt64]].self) {
        self = .buckets(lists.filter { $0.count == 3 }.map { Bucket(from: $0[0], to: $0[1], count: $0[2]) })
      } else {
        self = .name
      }
    }
  }
}

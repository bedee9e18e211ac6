// SPDX-License-Identifier: Apache-2.0
//
// The definition of a scenario of `joist bench`: its name, parameters, reported figures, and measurement.

import ArgumentParser

/// A benchmark that measures one aspect of the runtime.
struct Scenario: Sendable {
  let name: String
  /// The line for `--help`: the unit, then what is measured; at most 73 characters, so that it is not wrapped.
  let about: String
  let parameters: [Parameter]
  let figures: [Figure]
  /// The runs of this scenario in the whole suite.
  let runs: [Run]
  let measure: @Sendable (Trial) throws -> Outcome
}

/// A number that a scenario takes as an argument.
struct Parameter: Sendable {
  let name: String
  let range: ClosedRange<Int>
  /// The condition on the value in addition to the range.
  let kind: Kind

  enum Kind: Sendable {
    case any
    case multiple(of: Int)
    case powerOfTen
  }

  init(_ name: String, _ range: ClosedRange<Int>, _ kind: Kind = .any) {
    self.name = name
    self.range = range
    self.kind = kind
  }

  /// Throws a `ValidationError` if the value is not valid for this parameter.
  func check(_ value: Int) throws {
    guard range.contains(value) else {
      throw ValidationError("\(name) is \(value), and must be from \(range.lowerBound) to \(range.upperBound)")
    }
    switch kind {
    case .any: break
    case .multiple(let unit):
      guard value % unit == 0 else { throw ValidationError("\(name) is \(value), and must be a multiple of \(unit)") }
    case .powerOfTen:
      var rest = value
      while rest % 10 == 0 { rest /= 10 }
      guard rest == 1 else { throw ValidationError("\(name) is \(value), and must be a power of ten") }
    }
  }
}

/// A value that a scenario reports.
struct Figure: Sendable {
  /// The key in JSON.
  let key: String
  let unit: String
  /// The table's text after the unit: what the value is or what it is per.
  let what: String

  init(_ key: String, _ unit: String, _ what: String) {
    self.key = key
    self.unit = unit
    self.what = what
  }
}

/// A run of a scenario in the suite.
struct Run: Sendable {
  /// Whether the run uses one scheduler instead of the number that the user asked for.
  let isOnOne: Bool
  let arguments: [Int]

  static func one(_ arguments: Int...) -> Run { Run(isOnOne: true, arguments: arguments) }
  static func all(_ arguments: Int...) -> Run { Run(isOnOne: false, arguments: arguments) }
}

/// The result of a measurement.
struct Outcome: Sendable {
  /// The values by the key of their figure.
  var figures: [String: Double]
  var distribution: Distribution?

  init(_ figures: [String: Double], _ distribution: Distribution? = nil) {
    self.figures = figures
    self.distribution = distribution
  }
}

/// A failure of a measurement.
struct BenchProblem: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

extension Scenario {
  /// The name and the parameters as the user types them.
  var usage: String { ([name] + parameters.map { $0.name.uppercased() }).joined(separator: " ") }

  /// Throws a `ValidationError` if there are too many or too few arguments, or one is not valid.
  func check(_ arguments: [Int]) throws {
    guard arguments.count == parameters.count else {
      let expected = parameters.count == 1 ? "1 number" : "\(parameters.count) numbers"
      throw ValidationError("\(name) takes \(expected), not \(arguments.count): joist bench \(usage)")
    }
    for (parameter, argument) in zip(parameters, arguments) { try parameter.check(argument) }
  }
}

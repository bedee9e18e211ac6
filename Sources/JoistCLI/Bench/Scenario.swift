// SPDX-License-Identifier: Apache-2.0
//
// What a scenario of `joist bench` is: what it is called, what it takes, what it gives, and how it is measured.

import ArgumentParser

/// Something that is measured.
struct Scenario: Sendable {
  let name: String
  /// What is timed, in a line.
  let about: String
  let parameters: [Parameter]
  let figures: [Figure]
  /// How the whole suite runs it.
  let runs: [Run]
  let measure: @Sendable (Trial) throws -> Outcome
}

/// A number that a scenario takes.
struct Parameter: Sendable {
  let name: String
  let range: ClosedRange<Int>
  /// What it must be beside in range.
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

  /// Throws a line for the user.
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

/// A figure that a scenario gives.
struct Figure: Sendable {
  /// As in JSON.
  let key: String
  let unit: String
  let what: String

  init(_ key: String, _ unit: String, _ what: String) {
    self.key = key
    self.unit = unit
    self.what = what
  }
}

/// A line of the suite.
struct Run: Sendable {
  /// On one scheduler, or on as many as the user wants.
  let isOnOne: Bool
  let arguments: [Int]

  static func one(_ arguments: Int...) -> Run { Run(isOnOne: true, arguments: arguments) }
  static func all(_ arguments: Int...) -> Run { Run(isOnOne: false, arguments: arguments) }
}

/// What came of measuring.
struct Outcome: Sendable {
  /// By key.
  var figures: [String: Double]
  var distribution: Distribution?

  init(_ figures: [String: Double], _ distribution: Distribution? = nil) {
    self.figures = figures
    self.distribution = distribution
  }
}

/// What a scenario found wrong while it was measured.
struct BenchProblem: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

extension Scenario {
  /// Name and parameters, as they are written.
  var usage: String { ([name] + parameters.map { $0.name.uppercased() }).joined(separator: " ") }

  /// Throws a line for the user when the numbers are too many, too few or out of range.
  func check(_ arguments: [Int]) throws {
    guard arguments.count == parameters.count else {
      let wanted = parameters.count == 1 ? "1 number" : "\(parameters.count) numbers"
      throw ValidationError("\(name) takes \(wanted), and \(arguments.count) came: joist bench \(usage)")
    }
    for (parameter, argument) in zip(parameters, arguments) { try parameter.check(argument) }
  }
}

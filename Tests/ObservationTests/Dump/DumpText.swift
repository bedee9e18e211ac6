// SPDX-License-Identifier: Apache-2.0
//
// Reads dumps, as a tool would that knows nothing but their format.

import Foundation
import JoistObservation

/// A section of a dump.
struct DumpSection: Equatable {
  let name: String
  var values: [String: String] = [:]
  var lines: [String] = []
}

/// A line of a dump as JSON.
private struct DumpLine: Decodable {
  let section: String
  let values: [String: String]
  let lines: [String]?
}

extension [DumpSection] {
  /// Takes a dump as text apart.
  init(text bytes: [UInt8]) {
    self = []
    for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("=") {
        append(DumpSection(name: String(line.dropFirst())))
      } else if line.hasPrefix("  ") {
        self[count - 1].lines.append(String(line.dropFirst(2)))
      } else if let colon = line.firstRange(of: ": ") {
        self[count - 1].values[String(line[..<colon.lowerBound])] = String(line[colon.upperBound...])
      }
    }
  }

  /// Takes a dump as lines of JSON apart; throws if a line is none.
  init(json bytes: [UInt8]) throws {
    self = try bytes.split(separator: UInt8(ascii: "\n")).map { line in
      let line = try JSONDecoder().decode(DumpLine.self, from: Data(line))
      return DumpSection(name: line.section, values: line.values, lines: line.lines ?? [])
    }
  }

  /// The sections whose names begin with that.
  func of(_ prefix: String) -> [DumpSection] { filter { $0.name.hasPrefix(prefix) } }

  /// The process with that name.
  func process(_ name: String) -> DumpSection? { of("process:").first { $0.values["name"] == name } }
}

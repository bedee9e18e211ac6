// SPDX-License-Identifier: Apache-2.0
//
// Values as one line of JSON, for scripts: keys in order, and no character that could do anything to a terminal.

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Writes values as JSON.
package enum JSONLine {
  /// Returns the value as one line of JSON without a line break, its keys sorted.
  ///
  /// Control and format characters in strings are written as `\uXXXX`, so that the line is safe to print.
  ///
  /// - Parameter value: The value.
  /// - Returns: The line.
  /// - Throws: What the encoder throws, which is never the case for the descriptions of this module.
  package static func text(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let text = String(decoding: try encoder.encode(value), as: UTF8.self)
    if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text }
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator:
        for unit in String(scalar).utf16 {
          let digits = String(unit, radix: 16)
          result.append(contentsOf: ("\\u" + String(repeating: "0", count: 4 - digits.count) + digits).unicodeScalars)
        }
      default: result.append(scalar)
      }
    }
    return String(result)
  }
}

/// One refresh of the view as an object for scripts.
package struct TopReport: Encodable, Sendable {
  package var program: ProgramDescription
  package var runtime: RuntimeDescription
  package var processes: ProcessList

  /// Creates a report.
  package init(program: ProgramDescription, runtime: RuntimeDescription, processes: ProcessList) {
    self.program = program
    self.runtime = runtime
    self.processes = processes
  }
}

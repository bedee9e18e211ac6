// SPDX-License-Identifier: Apache-2.0
//
// A program of the folder `Programs`, and what its comments expect of the compiler.

import Foundation
import Testing

/// A program that must compile, or must be rejected.
struct Program: Sendable, CustomTestStringConvertible {
  let path: String
  let text: String
  /// The options of this run, in addition to those that the program names.
  var more: [String] = []

  var name: String { path.split(separator: "/").last.map(String.init) ?? path }

  var testDescription: String { ([name] + more).joined(separator: " ") }

  /// A part of each error that the compiler must report, in order.
  var errors: [String] { notes("error") }

  /// The fixes that the compiler must offer, each in a note.
  var remedies: [String] { notes("remedy") }

  /// All options for the compiler.
  var options: [String] { notes("options").flatMap(Self.words) + more }

  /// The program, and a copy of it for each `again with:` line, with the options of that line.
  private var withOthers: [Program] {
    [self] + notes("again with").map { Program(path: path, text: text, more: Self.words($0)) }
  }

  private static func words(_ line: String) -> [String] { line.split(separator: " ").map(String.init) }

  /// Returns the programs in a folder, ordered by name.
  static func all(in folder: String) -> [Program] {
    let place = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Programs").appendingPathComponent(folder)
    let names = (try? FileManager.default.contentsOfDirectory(atPath: place.path)) ?? []
    return names.filter { $0.hasSuffix(".swift") }.sorted().flatMap { name in
      let path = place.appendingPathComponent(name).path
      let data = FileManager.default.contents(atPath: path)
      return data.map { Program(path: path, text: String(decoding: $0, as: UTF8.self)).withOthers } ?? []
    }
  }

  /// Returns the fault of a program that should have compiled without a diagnostic; nil if it did.
  func faultIfAccepted(_ outcome: Compiler.Outcome) -> String? {
    outcome.status == 0 && outcome.diagnostics.isEmpty
      ? nil : "\(name) must compile without a diagnostic, but does not:\n\(outcome.diagnostics)"
  }

  /// Returns the fault of a program that should have been rejected; nil if it was, with the expected errors.
  func faultIfRejected(_ outcome: Compiler.Outcome) -> String? {
    guard !errors.isEmpty else { return "\(name) does not name the `// error:` that it must have" }
    guard outcome.status != 0 else { return "\(name) compiles; it must be rejected with: \(errors)" }
    guard outcome.errors.count == errors.count, zip(outcome.errors, errors).allSatisfy({ $0.contains($1) }) else {
      return "\(name) must have exactly these errors: \(errors)\n\(outcome.diagnostics)"
    }
    for remedy in remedies where !outcome.diagnostics.contains(": note: \(remedy)") {
      return "\(name) must get the note: \(remedy)\n\(outcome.diagnostics)"
    }
    return nil
  }

  /// Returns the text of each comment line that begins with `word` and a colon.
  private func notes(_ word: String) -> [String] {
    let start = "// \(word): "
    return text.split(separator: "\n").filter { $0.hasPrefix(start) }.map { String($0.dropFirst(start.count)) }
  }
}

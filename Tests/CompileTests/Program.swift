// SPDX-License-Identifier: Apache-2.0
//
// A program of the folder `Programs`, and what its comments say of it.

import Foundation
import Testing

/// A program that is to compile, or not to.
struct Program: Sendable, CustomTestStringConvertible {
  let path: String
  let text: String
  /// What the compiler is to be told beyond what the program says.
  var more: [String] = []

  var name: String { path.split(separator: "/").last.map(String.init) ?? path }

  var testDescription: String { ([name] + more).joined(separator: " ") }

  /// A part of each error that the compiler is to report, in their order.
  var errors: [String] { notes("error") }

  /// What the compiler is to offer, each in a note.
  var remedies: [String] { notes("remedy") }

  /// What the compiler is to be told besides.
  var options: [String] { notes("options").flatMap(Self.words) + more }

  /// This one, and this one again for each line that says with what more.
  private var withOthers: [Program] {
    [self] + notes("again with").map { Program(path: path, text: text, more: Self.words($0)) }
  }

  private static func words(_ line: String) -> [String] { line.split(separator: " ").map(String.init) }

  /// Those in a folder, by name.
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

  /// Why it should have compiled in silence and did not.
  func faultIfAccepted(_ outcome: Compiler.Outcome) -> String? {
    outcome.status == 0 && outcome.diagnostics.isEmpty
      ? nil : "\(name) must compile without a word, and does not:\n\(outcome.diagnostics)"
  }

  /// Why it was not refused as it should have been.
  func faultIfRejected(_ outcome: Compiler.Outcome) -> String? {
    guard !errors.isEmpty else { return "\(name) does not say which `// error:` it is to have" }
    guard outcome.status != 0 else { return "\(name) compiles; it must be refused with: \(errors)" }
    guard outcome.errors.count == errors.count, zip(outcome.errors, errors).allSatisfy({ $0.contains($1) }) else {
      return "\(name) must have these errors and no other: \(errors)\n\(outcome.diagnostics)"
    }
    for remedy in remedies where !outcome.diagnostics.contains(": note: \(remedy)") {
      return "\(name) must be offered this: \(remedy)\n\(outcome.diagnostics)"
    }
    return nil
  }

  /// The rest of the comment lines that begin with a word and a colon.
  private func notes(_ word: String) -> [String] {
    let start = "// \(word): "
    return text.split(separator: "\n").filter { $0.hasPrefix(start) }.map { String($0.dropFirst(start.count)) }
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// The standard output of the commands of this folder: lines with colours on a terminal and plain ones in a pipe, JSON,
// and files. A hint goes to the standard error, so that a pipe gets data alone.

import Foundation
import JoistObservation

/// Writes the output of commands.
enum StandardOutput {
  /// The path that stands for the standard output.
  static let path = "-"

  /// Whether a person sees the output.
  static var isTerminal: Bool { isatty(1) == 1 }

  /// What the output can show.
  static var style: TerminalStyle { isTerminal ? .of(ProcessInfo.processInfo.environment) : .plain }

  /// Writes lines, each of them whole.
  static func write(_ lines: [ScreenLine]) throws {
    let style = style
    let text = lines.map { style == .plain ? $0.text : $0.rendered(width: Int.max, style: style) }
    try write(text.map { $0 + "\n" }.joined())
  }

  /// Writes a value as one line of JSON.
  static func writeJSON(_ value: some Encodable) throws { try write(JSONLine.text(value) + "\n") }

  /// Writes text as it is.
  static func write(_ text: String) throws { try write(bytes: Array(text.utf8)) }

  /// Writes bytes as they are.
  static func write(bytes: [UInt8]) throws {
    do {
      try FileHandle.standardOutput.write(contentsOf: Data(bytes))
    } catch {
      throw InspectionError("cannot write the output: the disk is full, or its reader has ended")
    }
  }

  /// Writes text that the program has made; on a terminal its control characters are written as escapes.
  static func writeText(_ bytes: [UInt8]) throws {
    guard isTerminal else { return try write(bytes: bytes) }
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
    try write(lines.map { TerminalText.printable(String($0)) }.joined(separator: "\n"))
  }

  /// Writes a file with the chunks that `body` gives to its sink; the path `-` stands for the standard output.
  static func save(to path: String, _ body: (_ sink: ([UInt8]) throws -> Void) throws -> Void) throws {
    if path == Self.path {
      guard !isTerminal else { throw InspectionError("a terminal cannot show this format: name a file, or use a pipe") }
      try body(write(bytes:))
    } else {
      try OutputFile.write(to: path, body)
    }
  }

  /// Tells a person something that is no part of the data.
  static func hint(_ text: String) {
    FileHandle.standardError.write(Data("joist: \(TerminalText.printable(text))\n".utf8))
  }
}

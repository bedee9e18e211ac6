// SPDX-License-Identifier: Apache-2.0
//
// One file as the rules see it: its lines; the same lines with only their code, comments or strings left; its words.

/// The languages that the rules know.
enum Language: Sendable {
  case swift
  case c
  case assembly
  case markdown
  case shell

  init?(path: String, text: String) {
    let name = path.split(separator: "/").last ?? ""
    switch name.split(separator: ".", omittingEmptySubsequences: false).dropFirst().last {
    case "swift": self = .swift
    case "c", "h": self = .c
    case "S": self = .assembly
    case "md": self = .markdown
    default:
      guard text.hasPrefix("#!"), text.prefix(while: { !$0.isNewline }).hasSuffix("sh") else { return nil }
      self = .shell
    }
  }

  /// Whether a file is worth reading: known by its ending, or without one.
  static func mayKnow(_ path: String) -> Bool {
    let name = path.split(separator: "/").last ?? ""
    return !name.contains(".") || Language(path: path, text: "") != nil
  }
}

/// An identifier, keyword or number in code.
struct Word: Sendable {
  let text: String
  /// Counted from one.
  let line: Int
  /// The byte right before it, a back-tick for a raw identifier; zero at a line's start.
  let before: UInt8
  /// The byte right after it.
  let after: UInt8

  func isAfter(_ byte: Unicode.Scalar) -> Bool { before == UInt8(ascii: byte) }
  func isBefore(_ byte: Unicode.Scalar) -> Bool { after == UInt8(ascii: byte) }
}

struct SourceFile: Sendable {
  let path: String
  let language: Language
  let lines: [String]
  /// The lines with only their code left, and spaces for the rest; empty where the language is not lexed.
  let code: [String]
  /// The lines with only their comments left.
  let comments: [String]
  /// The lines with only the contents of their string literals left.
  let literals: [String]
  let words: [Word]
  /// The places in ``words`` where each word stands.
  private let index: [String: [Int]]

  init?(path: String, text: String) {
    guard let language = Language(path: path, text: text) else { return nil }
    let bytes = Array(text.utf8)
    let kinds = Lexer.kinds(of: bytes, in: language)
    self.path = path
    self.language = language
    lines = Self.lines(of: bytes) { _ in true }
    code = Self.lines(of: bytes) { kinds[$0] == .code }
    comments = Self.lines(of: bytes) { kinds[$0] == .comment }
    literals = Self.lines(of: bytes) { kinds[$0] == .literal }
    words = Lexer.words(of: bytes, kinds)
    index = Dictionary(grouping: words.indices) { [words] in words[$0].text }
  }

  /// Whether it is one of the languages in which programs are written.
  var isProgram: Bool { language == .swift || language == .c || language == .assembly }

  /// Where a word stands in the code, each time with the word before it on the same line.
  func uses(of text: String) -> [(word: Word, previous: Word?)] {
    (index[text] ?? []).map { place in
      let word = words[place]
      let previous = place > 0 && words[place - 1].line == word.line ? words[place - 1] : nil
      return (word, previous)
    }
  }

  func finding(_ line: Int, _ message: String) -> Finding { Finding(path: path, line: line, message: message) }

  /// The text's lines, with a space for each byte that is not kept.
  private static func lines(of bytes: [UInt8], keeping isKept: (Int) -> Bool) -> [String] {
    var lines: [String] = []
    var line: [UInt8] = []
    for (place, byte) in bytes.enumerated() {
      if byte == UInt8(ascii: "\n") {
        lines.append(String(decoding: line, as: UTF8.self))
        line.removeAll(keepingCapacity: true)
      } else {
        line.append(isKept(place) ? byte : UInt8(ascii: " "))
      }
    }
    if !line.isEmpty { lines.append(String(decoding: line, as: UTF8.self)) }
    return lines
  }
}

extension StringProtocol {
  /// Without white space at either end.
  var trimmed: String {
    let start = drop { $0.isWhitespace }
    guard let last = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
    return String(start[...last])
  }

  /// Without the given characters at its start.
  func dropping(_ characters: String) -> SubSequence { drop { characters.contains($0) } }
}

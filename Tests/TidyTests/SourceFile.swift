// SPDX-License-Identifier: Apache-2.0
//
// A file as the rules see it: its lines, the lines reduced to their code, comments or strings, and its words.

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

  /// Returns whether a file may be in one of the languages: its extension is known, or it has none.
  static func mayKnow(_ path: String) -> Bool {
    let name = path.split(separator: "/").last ?? ""
    return !name.contains(".") || Language(path: path, text: "") != nil
  }
}

/// An identifier, keyword or number in code.
struct Word: Sendable {
  let text: String
  /// The number of the line, counted from one.
  let line: Int
  /// The byte right before the word: a backtick for a raw identifier, zero at the start of a line.
  let before: UInt8
  /// The byte right after the word.
  let after: UInt8

  func isAfter(_ byte: Unicode.Scalar) -> Bool { before == UInt8(ascii: byte) }
  func isBefore(_ byte: Unicode.Scalar) -> Bool { after == UInt8(ascii: byte) }
}

struct SourceFile: Sendable {
  let path: String
  let language: Language
  let lines: [String]
  /// The lines with only their code left, and spaces for the rest; all of a line if the language is not lexed.
  let code: [String]
  /// The lines with only their comments left.
  let comments: [String]
  /// The lines with only the contents of their string literals left.
  let literals: [String]
  let words: [Word]
  /// For each word, its positions in ``words``.
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

  /// Whether the language is one in which programs are written.
  var isProgram: Bool { language == .swift || language == .c || language == .assembly }

  /// Returns each occurrence of a word in the code, with the word before it on the same line.
  func uses(of text: String) -> [(word: Word, previous: Word?)] {
    (index[text] ?? []).map { position in
      let word = words[position]
      let previous = position > 0 && words[position - 1].line == word.line ? words[position - 1] : nil
      return (word, previous)
    }
  }

  func finding(_ line: Int, _ message: String) -> Finding { Finding(path: path, line: line, message: message) }

  /// Returns the lines of a text, with a space for each byte that is not kept.
  private static func lines(of bytes: [UInt8], keeping isKept: (Int) -> Bool) -> [String] {
    var lines: [String] = []
    var line: [UInt8] = []
    for (position, byte) in bytes.enumerated() {
      if byte == UInt8(ascii: "\n") {
        lines.append(String(decoding: line, as: UTF8.self))
        line.removeAll(keepingCapacity: true)
      } else {
        line.append(isKept(position) ? byte : UInt8(ascii: " "))
      }
    }
    if !line.isEmpty { lines.append(String(decoding: line, as: UTF8.self)) }
    return lines
  }
}

extension StringProtocol {
  /// The text without white space at either end.
  var trimmed: String {
    let start = drop { $0.isWhitespace }
    guard let last = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
    return String(start[...last])
  }

  /// Returns the text without the given characters at its start.
  func dropping(_ characters: String) -> SubSequence { drop { characters.contains($0) } }
}

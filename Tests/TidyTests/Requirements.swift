// SPDX-License-Identifier: Apache-2.0
//
// The requirements that `docs/requirements.md` lists, and the numbers of requirements and rules: one or two capital
// letters, and one or two digits.

/// The number of a requirement (`P1`) or of a rule (`Q2`).
struct Number: Hashable, Comparable, CustomStringConvertible {
  let letters: String
  let digits: Int

  var description: String { letters + String(digits) }

  static func < (left: Number, right: Number) -> Bool { (left.letters, left.digits) < (right.letters, right.digits) }

  /// Returns every number that is a word of its own in a text, and its range of bytes.
  static func all(in text: String) -> [(number: Number, range: Range<Int>)] {
    let bytes = Array(text.utf8)
    var found: [(number: Number, range: Range<Int>)] = []
    var start: Int?
    for index in 0...bytes.count {
      if index < bytes.count, Lexer.isWordByte(bytes[index]), bytes[index] < 0x80 {
        if start == nil { start = index }
      } else if let first = start {
        if let number = Number(bytes[first..<index]) { found.append((number, first..<index)) }
        start = nil
      }
    }
    return found
  }

  private init?(_ word: ArraySlice<UInt8>) {
    let letters = word.prefix { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
    let digits = word.dropFirst(letters.count)
    guard (1...2).contains(letters.count), (1...2).contains(digits.count) else { return nil }
    guard let value = Int(String(decoding: digits, as: UTF8.self)) else { return nil }
    self.letters = String(decoding: letters, as: UTF8.self)
    self.digits = value
  }

  init(_ letters: String, _ digits: Int) {
    self.letters = letters
    self.digits = digits
  }
}

/// One row of the table: the numbers of its requirements, and whether they are done.
struct Requirement {
  let numbers: [Number]
  let line: Int
  let isDone: Bool
  /// The names of tests in the row: code spans that begin with a number and a colon.
  let tests: [String]
}

enum Requirements {
  static let path = "docs/requirements.md"

  static func current() throws -> [Requirement] {
    guard let page = try Repository.current.get().file(at: path) else {
      throw RepositoryError(description: "\(path) does not exist")
    }
    return rows(of: page.lines)
  }

  /// Returns the table rows whose first cell begins with a number; a row is done if a later cell begins with "done".
  static func rows(of lines: [String]) -> [Requirement] {
    lines.enumerated().compactMap { line, text in
      guard text.hasPrefix("|") else { return nil }
      let cells = text.split(separator: "|").map { $0.trimmed.dropping("*`[").lowercased() }
      let first = text.split(separator: "|").first?.trimmed ?? ""
      let numbers = numbers(opening: String(first.dropping("*`[")))
      guard !numbers.isEmpty else { return nil }
      return Requirement(
        numbers: numbers,
        line: line + 1,
        isDone: cells.dropFirst().contains { $0.hasPrefix("done") || $0.hasPrefix("✅") },
        tests: Markdown.codeSpans(text).filter { $0.contains(": ") && !self.numbers(opening: $0).isEmpty }
      )
    }
  }

  /// Returns the numbers with which a text begins, as in `P1`, `P1, P3` or `T1–T5`.
  static func numbers(opening text: String) -> [Number] {
    let found = Number.all(in: text)
    let bytes = Array(text.utf8)
    var numbers: [Number] = []
    var end = 0
    for (number, range) in found {
      let between = String(decoding: bytes[end..<range.lowerBound], as: UTF8.self).trimmed
      let isRange = ["–", "-"].contains(between) && numbers.last?.letters == number.letters
      guard isRange || (numbers.isEmpty ? end == range.lowerBound : between == ",") else { break }
      if isRange, let last = numbers.last, last.digits < number.digits {
        numbers += ((last.digits + 1)...number.digits).map { Number(number.letters, $0) }
      } else {
        numbers.append(number)
      }
      end = range.upperBound
    }
    return numbers
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// The requirements as `docs/requirements.md` lists them, and how a requirement or a rule is written: one or two
// capital letters and one or two digits.

/// The number of a requirement (`P1`) or of a rule (`Q2`).
struct Number: Hashable, Comparable, CustomStringConvertible {
  let letters: String
  let digits: Int

  var description: String { letters + String(digits) }

  static func < (left: Number, right: Number) -> Bool { (left.letters, left.digits) < (right.letters, right.digits) }

  /// Every number in a text that stands alone, with where it ends and starts.
  static func all(in text: String) -> [(number: Number, range: Range<Int>)] {
    let bytes = Array(text.utf8)
    var found: [(number: Number, range: Range<Int>)] = []
    var start: Int?
    for place in 0...bytes.count {
      if place < bytes.count, Lexer.isWordByte(bytes[place]), bytes[place] < 0x80 {
        if start == nil { start = place }
      } else if let first = start {
        if let number = Number(bytes[first..<place]) { found.append((number, first..<place)) }
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

/// One row: the numbers that it is about, and whether it says that it is done.
struct Requirement {
  let numbers: [Number]
  let line: Int
  let isDone: Bool
  /// What the row sets as code and begins with a number and a colon: the names of tests.
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

  /// The table rows whose first cell begins with a number; done where a later cell begins with that word.
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

  /// The numbers that a text begins with: `P1`, `P1, P3`, `T1–T5`; none if it begins otherwise.
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

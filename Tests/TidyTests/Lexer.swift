// SPDX-License-Identifier: Apache-2.0
//
// Tells code from comments, strings and raw identifiers, byte by byte, in Swift, C and assembly.
//
// Strings nest: an interpolation is code again. The lexer does not know regular expressions between bare slashes; a
// quotation mark in one is misread up to the end of its line at most.

struct Lexer {
  enum Kind: UInt8 {
    case code
    case comment
    case literal
    case name
  }

  private enum Context {
    /// Code, with the number of open parentheses, which are counted only in an interpolation.
    case code(parentheses: Int)
    /// A string that ends at `quotes` quotation marks followed by `hashes` number signs.
    case string(quotes: Int, hashes: Int)
  }

  private let bytes: [UInt8]
  private let language: Language
  private var kinds: [Kind]
  private var position = 0
  private var contexts = [Context.code(parentheses: 0)]

  private init(_ bytes: [UInt8], _ language: Language) {
    self.bytes = bytes
    self.language = language
    kinds = Array(repeating: .code, count: bytes.count)
  }

  /// Returns the kind of each byte; in languages that are not lexed, all bytes are code.
  static func kinds(of bytes: [UInt8], in language: Language) -> [Kind] {
    guard language != .markdown, language != .shell else { return Array(repeating: .code, count: bytes.count) }
    var lexer = Lexer(bytes, language)
    while lexer.position < bytes.count {
      switch lexer.contexts[lexer.contexts.count - 1] {
      case .code(let parentheses): lexer.readCode(parentheses)
      case .string(let quotes, let hashes): lexer.readString(quotes, hashes)
      }
    }
    return lexer.kinds
  }

  private mutating func readCode(_ parentheses: Int) {
    switch bytes[position] {
    case UInt8(ascii: "/") where byte(1) == UInt8(ascii: "/"): take(.comment, lengthOfLine())
    case UInt8(ascii: "/") where byte(1) == UInt8(ascii: "*"): take(.comment, lengthOfBlockComment())
    case UInt8(ascii: "\""): openString(hashes: 0)
    case UInt8(ascii: "#") where language == .swift:
      let hashes = run(of: "#", from: 0)
      if byte(hashes) == UInt8(ascii: "\"") { openString(hashes: hashes) } else { take(.code, hashes) }
    case UInt8(ascii: "`") where language == .swift:
      var length = 1
      while length < lengthOfLine(), byte(length) != UInt8(ascii: "`") { length += 1 }
      take(.code, 1)
      take(.name, length - 1)
      take(.code, 1)
    case UInt8(ascii: "'") where language == .c:
      contexts.append(.string(quotes: -1, hashes: 0))
      take(.code, 1)
    case UInt8(ascii: "(") where contexts.count > 1:
      contexts[contexts.count - 1] = .code(parentheses: parentheses + 1)
      take(.code, 1)
    case UInt8(ascii: ")") where contexts.count > 1:
      if parentheses == 1 {
        contexts.removeLast()
      } else {
        contexts[contexts.count - 1] = .code(parentheses: parentheses - 1)
      }
      take(.code, 1)
    default: take(.code, 1)
    }
  }

  private mutating func readString(_ quotes: Int, _ hashes: Int) {
    let isSingleLine = quotes != 3
    switch bytes[position] {
    case UInt8(ascii: "\n") where isSingleLine:
      contexts.removeLast()
      take(.code, 1)
    case UInt8(ascii: "\\") where run(of: "#", from: 1) >= hashes:
      if language == .swift, byte(1 + hashes) == UInt8(ascii: "(") {
        contexts.append(.code(parentheses: 1))
        take(.literal, 1 + hashes)
        take(.code, 1)
      } else {
        take(.literal, byte(1 + hashes) == UInt8(ascii: "\n") ? 1 + hashes : 2 + hashes)
      }
    case UInt8(ascii: "'") where quotes == -1: closeString(1)
    case UInt8(ascii: "\"")
    where quotes > 0 && run(of: "\"", from: 0) >= quotes && run(of: "#", from: quotes) >= hashes:
      closeString(quotes + hashes)
    default: take(.literal, 1)
    }
  }

  private mutating func openString(hashes: Int) {
    let quotes = language == .swift && run(of: "\"", from: hashes) >= 3 ? 3 : 1
    contexts.append(.string(quotes: quotes, hashes: hashes))
    take(.code, hashes + quotes)
  }

  private mutating func closeString(_ length: Int) {
    contexts.removeLast()
    take(.code, length)
  }

  private func byte(_ offset: Int) -> UInt8 { position + offset < bytes.count ? bytes[position + offset] : 0 }

  private func run(of scalar: Unicode.Scalar, from offset: Int) -> Int {
    var length = 0
    while byte(offset + length) == UInt8(ascii: scalar) { length += 1 }
    return length
  }

  private func lengthOfLine() -> Int {
    var length = 0
    while position + length < bytes.count, byte(length) != UInt8(ascii: "\n") { length += 1 }
    return length
  }

  /// Returns the length of a block comment up to its end; block comments nest in Swift.
  private func lengthOfBlockComment() -> Int {
    var length = 2
    var depth = 1
    while depth > 0, position + length < bytes.count {
      switch (byte(length), byte(length + 1)) {
      case (UInt8(ascii: "*"), UInt8(ascii: "/")):
        depth -= 1
        length += 2
      case (UInt8(ascii: "/"), UInt8(ascii: "*")) where language == .swift:
        depth += 1
        length += 2
      default: length += 1
      }
    }
    return length
  }

  private mutating func take(_ kind: Kind, _ length: Int) {
    let end = min(position + length, bytes.count)
    if kind != .code { for index in position..<end { kinds[index] = kind } }
    position = end
  }
}

extension Lexer {
  /// Returns the words of the code; a raw identifier is one word.
  static func words(of bytes: [UInt8], _ kinds: [Kind]) -> [Word] {
    var words: [Word] = []
    var line = 1
    var start: Int?
    for index in 0...bytes.count {
      let isEnd = index == bytes.count
      if let first = start,
        isEnd || kinds[index] != kinds[first] || (kinds[index] == .code && !isWordByte(bytes[index]))
      {
        let before = first == 0 || bytes[first - 1] == UInt8(ascii: "\n") ? 0 : bytes[first - 1]
        let text = String(decoding: bytes[first..<index], as: UTF8.self)
        words.append(Word(text: text, line: line, before: before, after: isEnd ? 0 : bytes[index]))
        start = nil
      }
      guard !isEnd else { break }
      if bytes[index] == UInt8(ascii: "\n") { line += 1 }
      if start == nil, kinds[index] == .name || (kinds[index] == .code && isWordByte(bytes[index])) { start = index }
    }
    return words
  }

  static func isWordByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 0x80...: true
    default: false
    }
  }
}

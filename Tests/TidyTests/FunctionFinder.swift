// SPDX-License-Identifier: Apache-2.0
//
// Finds where the functions of a file begin and end, by keywords and braces alone. In Swift, a function begins at
// `func`, `init`, `deinit`, `subscript` or a computed `var`; in C, at a parenthesis before a brace. Assembly is not
// searched.

import Testing

struct FunctionFinder {
  private enum Opener {
    case function
    case variable
  }

  private let language: Language
  private var functions: [ClosedRange<Int>] = []
  /// The declaration whose body the next brace would open.
  private var pending: (opener: Opener, line: Int)?
  /// For each open brace: the number of parentheses around it, the line of the function that it opened, and the
  /// declaration that still waits for its own brace if this brace is in that declaration's parentheses.
  private var braces: [(parentheses: Int, function: Int?, pending: (opener: Opener, line: Int)?)] = []
  private var parentheses = 0

  /// Returns the lines of each function, from its keyword to its closing brace, in order of their ends.
  static func functions(in file: SourceFile) -> [ClosedRange<Int>] {
    guard file.language == .swift || file.language == .c else { return [] }
    var finder = FunctionFinder(language: file.language)
    for (number, line) in file.code.enumerated() { finder.read(Array(line.utf8), number + 1) }
    return finder.functions
  }

  private init(language: Language) { self.language = language }

  private mutating func read(_ line: [UInt8], _ number: Int) {
    if case .variable? = pending?.opener { pending = nil }
    var start: Int?
    for (index, byte) in line.enumerated() {
      if Lexer.isWordByte(byte) {
        if start == nil { start = index }
        continue
      }
      if let first = start { readWord(line, first..<index, number) }
      start = nil
      readMark(byte, number)
    }
    if let first = start { readWord(line, first..<line.count, number) }
  }

  private mutating func readWord(_ line: [UInt8], _ range: Range<Int>, _ number: Int) {
    guard language == .swift, parentheses == 0, range.count <= 9 else { return }
    let isMember = range.lowerBound > 0 && line[range.lowerBound - 1] == UInt8(ascii: ".")
    guard !isMember else { return }
    switch String(decoding: line[range], as: UTF8.self) {
    case "func", "init", "deinit", "subscript": pending = (.function, number)
    case "var": pending = (.variable, number)
    default: break
    }
  }

  private mutating func readMark(_ byte: UInt8, _ number: Int) {
    switch byte {
    case UInt8(ascii: "("), UInt8(ascii: "["): parentheses += 1
    case UInt8(ascii: ")"), UInt8(ascii: "]"):
      parentheses -= 1
      if language == .c, parentheses == 0, byte == UInt8(ascii: ")") { pending = (.function, number) }
    case UInt8(ascii: "="):
      if case .variable? = pending?.opener { pending = nil }
    case UInt8(ascii: ";"): pending = nil
    case UInt8(ascii: "{"):
      braces.append(parentheses == 0 ? (0, pending?.line, nil) : (parentheses, nil, pending))
      parentheses = 0
      pending = nil
    case UInt8(ascii: "}"):
      guard let brace = braces.popLast() else { return }
      parentheses = brace.parentheses
      pending = brace.pending
      if let start = brace.function { functions.append(start...number) }
    default: break
    }
  }
}

@Suite struct FunctionFinderTests {
  @Test func `functions begin at their keyword and end at their brace`() throws {
    let file = try swift(
      """
      struct S {
        var a: Int = { 1 }()
        var b: Int {
          a
        }
        init(
          c: () -> Void = {}
        ) where X: Y {
          self.init()
        }
        func d() { e { func f() {
        } } }
      }
      protocol P {
        func g()
        init()
      }
      enum E {
      }
      """
    )
    #expect(FunctionFinder.functions(in: file) == [3...5, 6...10, 11...12, 11...12])
  }

  @Test func `a C function begins at its last parenthesis`() throws {
    let file = try #require(
      SourceFile(path: "a.c", text: "int a[] = {\n1};\nint f(int b)\n{\n  g();\n}\nvoid h(void);\n")
    )
    #expect(FunctionFinder.functions(in: file) == [3...6])
  }
}

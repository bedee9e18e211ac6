// SPDX-License-Identifier: Apache-2.0
//
// No leftovers: no notes to self, and no code in comments.

import Testing

enum Leftover {
  static let marks = ["FIXME", "TODO", "XXX"]

  /// Returns the notes to self, except in strings and in code of Markdown.
  static func notes(in file: SourceFile) -> [Finding] {
    let isMarkdown = file.language == .markdown
    let lines = isMarkdown ? Markdown.withoutCode(file.lines).map(Markdown.withoutCodeSpans) : file.code
    var findings: [Finding] = []
    for (number, line) in lines.enumerated() {
      let comment = file.comments[number]
      for mark in marks where hasWord(mark, in: line) || hasWord(mark, in: comment) {
        findings.append(file.finding(number + 1, "\(mark): do it, or open an issue"))
      }
    }
    return findings
  }

  /// Returns the comments that fill a line, are not documentation, and read as code.
  static func code(in file: SourceFile) -> [Finding] {
    guard file.isProgram else { return [] }
    var isExample = false
    return file.comments.enumerated().compactMap { number, comment in
      let text = comment.trimmed
      guard text.hasPrefix("//"), file.code[number].trimmed.isEmpty else {
        isExample = false
        return nil
      }
      let content = text.dropping("/").trimmed
      if content.hasPrefix("```") { isExample.toggle() }
      guard !isExample, !text.hasPrefix("///"), looksLikeCode(content) else { return nil }
      return file.finding(number + 1, "code in a comment; delete it, or fence it with ``` as an example")
    }
  }

  /// Returns whether a comment reads as code: ends like a statement, begins like a declaration, or is a bare call.
  static func looksLikeCode(_ text: String) -> Bool {
    if text.hasSuffix("{") || text == "}" || text == "})" { return true }
    if text.hasSuffix(";"), text.contains("=") || text.contains("(") { return true }
    if ["#if ", "#else", "#endif", "#include ", "@inlinable", "@Test"].contains(where: text.hasPrefix) { return true }
    let words = text.split(separator: " ")
    guard words.count > 1 else { return isBareCall(text) }
    switch words[0] {
    case "let", "var": return words.count > 2 && (words[1].hasSuffix(":") || words[2] == "=")
    case "func": return words[1].contains("(")
    case "import": return words.count == 2 && words[1].first?.isUppercase == true
    case "private", "public", "package": return ["func", "var", "let", "struct", "final"].contains(words[1])
    default: return isBareCall(text)
    }
  }

  /// Returns whether a text is a name, perhaps with dots, and then parentheses up to its end.
  private static func isBareCall(_ text: String) -> Bool {
    guard text.hasSuffix(")"), let parenthesis = text.firstIndex(of: "(") else { return false }
    let name = text[..<parenthesis]
    return !name.isEmpty && name.utf8.allSatisfy { Lexer.isWordByte($0) || $0 == UInt8(ascii: ".") }
  }

  private static func hasWord(_ word: String, in line: String) -> Bool {
    guard line.utf8.count >= word.utf8.count else { return false }
    return line.split { !($0.isLetter || $0.isNumber || $0 == "_") }.contains { $0 == word }
  }
}

@Suite struct LeftoverTests {
  @Test func `no note to self is left behind`() throws {
    expectNone(try Repository.current.get().files.flatMap(Leftover.notes))
  }

  @Test func `no code is left in comments`() throws {
    expectNone(try Repository.current.get().files.flatMap(Leftover.code))
  }

  @Test func `the checker sees a note to self`() throws {
    #expect(Leftover.notes(in: try swift("a  // TODO: b\n\"TODO\"\n// XXXX\n/// FIXME")).map(\.line) == [1, 4])
    let page = try #require(SourceFile(path: "a.md", text: "`TODO`\nTODO\n```\nTODO\n```"))
    #expect(Leftover.notes(in: page).map(\.line) == [2])
  }

  @Test(arguments: [
    "// let a = b", "// var a: Int", "// func f(a: Int)", "// import Foundation", "// if a == b {", "// }",
    "// a.b(c, d: e)", "// x = 3;", "// #if DEBUG", "// private var a: Int { b }",
  ])
  func `the checker sees code in a comment`(comment: String) throws {
    #expect(Leftover.code(in: try swift("f()\n  \(comment)\ng()")).map(\.line) == [2])
  }

  @Test(arguments: [
    "// Let the worker run; import nothing.", "// The owner stores it, and then", "/// receive()", "f()  // g()",
    "// Stored by the owner (see above).", "// a = 3 means that it waits", "// ```\n// let a = b\n// ```",
  ])
  func `the checker accepts prose and examples`(comment: String) throws {
    #expect(Leftover.code(in: try swift("f()\n  \(comment)\ng()")).isEmpty)
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// Limits of the length of lines, functions and files.

import Testing

enum Length {
  static let columns = 120
  static let fileLines = 600
  static let medianLines = 150
  static let functionLines = 70

  static func wideLines(in file: SourceFile) -> [Finding] {
    let lines = file.language == .markdown ? Markdown.prose(of: file).map(Markdown.withoutTargets) : file.lines
    return lines.enumerated().compactMap { number, line in
      guard line.utf8.count > columns, line.count > columns else { return nil }
      return file.finding(number + 1, "\(line.count) columns; the limit is \(columns)")
    }
  }

  static func isLong(_ file: SourceFile) -> Finding? {
    guard file.lines.count > fileLines else { return nil }
    return file.finding(fileLines + 1, "\(file.lines.count) lines; the limit is \(fileLines): split the file")
  }

  /// Returns the median length of the files; of two in the middle, the longer.
  static func median(_ files: [SourceFile]) -> Int {
    let lengths = files.map(\.lines.count).sorted()
    return lengths.isEmpty ? 0 : lengths[lengths.count / 2]
  }

  static func longFunctions(in file: SourceFile) -> [Finding] {
    FunctionFinder.functions(in: file).compactMap { function in
      guard function.count > functionLines else { return nil }
      return file.finding(function.lowerBound, "a function of \(function.count) lines; the limit is \(functionLines)")
    }
  }
}

@Suite struct LengthTests {
  @Test func `no line is wider than 120 columns`() throws {
    expectNone(try Repository.current.get().files.flatMap(Length.wideLines))
  }

  @Test func `no file is longer than 600 lines`() throws {
    expectNone(try Repository.current.get().files.compactMap(Length.isLong))
  }

  @Test func `half of the source files have at most 150 lines`() throws {
    let files = try Repository.current.get().files(in: "Sources/", .swift, .c, .assembly)
    let median = Length.median(files)
    print("tidy: \(files.count) source files, \(median) lines in the median one")
    #expect(median <= Length.medianLines)
  }

  @Test func `no function is longer than 70 lines`() throws {
    expectNone(try Repository.current.get().files.flatMap(Length.longFunctions))
  }

  @Test func `the checker sees a wide line`() throws {
    let wide = String(repeating: "é", count: 121)
    #expect(Length.wideLines(in: try swift("ok\n\(wide)")).map(\.line) == [2])
    #expect(Length.wideLines(in: try swift(String(repeating: "é", count: 120))).isEmpty)
    let page = "\(wide)\n| \(wide) |\n```\n\(wide)\n```\n[a](\(wide))\nhttps://\(wide)\n[b](c) \(wide)"
    let markdown = try #require(SourceFile(path: "a.md", text: page))
    #expect(Length.wideLines(in: markdown).map(\.line) == [1, 8])
  }

  @Test func `the checker sees a long file`() throws {
    #expect(Length.isLong(try swift(String(repeating: "a\n", count: 601))) != nil)
    #expect(Length.isLong(try swift(String(repeating: "a\n", count: 600))) == nil)
  }

  @Test func `the median is the length in the middle`() throws {
    let files = try [5, 1, 9, 7].map { try swift(String(repeating: "a\n", count: $0)) }
    #expect(Length.median(files) == 7)
    #expect(Length.median(Array(files.prefix(3))) == 5)
  }

  @Test func `the checker sees a long function`() throws {
    let body = String(repeating: "  a { b(c: { 1 }) }\n", count: 69)
    #expect(Length.longFunctions(in: try swift("func f() {\n\(body)}")).map(\.line) == [1])
    #expect(Length.longFunctions(in: try swift("struct S {\n\(body)}")).isEmpty)
    #expect(Length.longFunctions(in: try swift("func f() {\n\(body.dropFirst(20))}")).isEmpty)
  }
}

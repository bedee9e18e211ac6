// SPDX-License-Identifier: Apache-2.0
//
// The program in the README is an example that every build compiles.

import Testing

enum Readme {
  static let example = "Examples/HummingbirdGuard/main.swift"

  /// Compares the first block of Swift with a program, except for indentation, outer empty lines, the license, and
  /// what is compiled only without a trait.
  static func fault(of readme: SourceFile, program: SourceFile) -> Finding? {
    guard let block = Markdown.firstBlock("swift", in: readme.lines) else {
      return readme.finding(1, "no block of Swift; show \(program.path)")
    }
    let shown = core(of: block)
    let built = core(of: program.lines)
    guard shown != built else { return nil }
    let line = zip(shown, built).prefix { $0 == $1 }.count
    let builtLine = line < built.count ? built[line] : "(end)"
    return readme.finding(1, "the first block of Swift is not \(program.path), which has: \(builtLine)")
  }

  private static func core(of lines: [String]) -> [String] {
    var lines = lines.filter { $0 != Header.license && !$0.hasPrefix("#if ") }.map(\.trimmed)
      .prefix { $0 != "#else" }
    lines = lines.drop(while: \.isEmpty)
    while lines.last?.isEmpty == true { lines.removeLast() }
    return Array(lines)
  }
}

@Suite struct ReadmeTests {
  @Test func `the first program in the README is the example HummingbirdGuard`() throws {
    let repository = try Repository.current.get()
    guard let program = repository.file(at: Readme.example) else { return }
    let readme = try #require(repository.file(at: "README.md"))
    expectNone([Readme.fault(of: readme, program: program)].compactMap(\.self))
  }

  @Test func `the checker sees a program that differs`() throws {
    let program = try swift("\(Header.license)\n\nimport Joist\n\nif a {\n  b()\n}\n")
    let good = try #require(
      SourceFile(path: "README.md", text: "# A\n```swift\nimport Joist\n\nif a {\n    b()\n}\n```\n")
    )
    let bad = try #require(
      SourceFile(path: "README.md", text: "# A\n```swift\nimport Joist\n\nif a {\n    c()\n}\n```\n")
    )
    let none = try #require(SourceFile(path: "README.md", text: "# A\n"))
    #expect(Readme.fault(of: good, program: program) == nil)
    #expect(Readme.fault(of: bad, program: program)?.message.hasSuffix("which has: b()") == true)
    #expect(Readme.fault(of: none, program: program) != nil)
  }
}

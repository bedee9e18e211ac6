// SPDX-License-Identifier: Apache-2.0
//
// Every program file names its license, and every file of the runtime says what it is for.

import Testing

enum Header {
  static let license = "// SPDX-License-Identifier: Apache-2.0"

  static func licenseFault(of file: SourceFile) -> Finding? {
    guard file.isProgram else { return nil }
    let line = file.path.hasSuffix("Package.swift") ? 2 : 1  // A manifest begins with the version of its tools.
    guard file.lines.count < line || file.lines[line - 1] != license else { return nil }
    return file.finding(line, "this line must be \(license)")
  }

  /// Returns the fault of a file without a header: a `//` comment with a sentence, before anything else.
  static func purposeFault(of file: SourceFile) -> Finding? {
    let comment = file.lines.dropFirst().drop { $0.isEmpty || $0 == "//" }
      .prefix { $0.hasPrefix("//") && !$0.hasPrefix("///") }
    let text = comment.map { $0.dropping("/").trimmed }.joined(separator: " ") + " "
    let isSentence = text.split(separator: " ").count >= 3 && [". ", "? ", ": "].contains { text.contains($0) }
    return isSentence
      ? nil : file.finding(2, "say here, in a `//` comment, what this file is for: one sentence or more")
  }
}

@Suite struct HeaderTests {
  @Test func `every program file begins with its license`() throws {
    expectNone(try Repository.current.get().files.compactMap(Header.licenseFault))
  }

  @Test func `every file of the runtime says what it is for`() throws {
    let files = try Repository.current.get().files(in: "Sources/Joist/", .swift)
    expectNone(files.compactMap(Header.purposeFault))
  }

  @Test func `the checker sees a missing license`() throws {
    #expect(Header.licenseFault(of: try swift("\n\(Header.license)"))?.line == 1)
    #expect(Header.licenseFault(of: try swift(""))?.line == 1)
    #expect(Header.licenseFault(of: try swift(Header.license)) == nil)
    #expect(Header.licenseFault(of: try swift("// tools\n\(Header.license)", path: "Package.swift")) == nil)
  }

  @Test func `the checker sees a missing purpose`() throws {
    let good = ["//\n// How a process ends.", "\n// What it is for:\n// spawning\nimport A"]
    let bad = ["", "\nimport A\n// How a process ends.", "//\n/// Documents the type.", "// Spawn"]
    for text in good { #expect(Header.purposeFault(of: try swift("\(Header.license)\n\(text)")) == nil) }
    for text in bad { #expect(Header.purposeFault(of: try swift("\(Header.license)\n\(text)")) != nil) }
  }
}

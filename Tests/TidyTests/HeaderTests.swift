// SPDX-License-Identifier: Apache-2.0
//
// Every file says under which licence it is, and every file of the runtime says what it is for.

import Testing

enum Header {
  static let licence = "// SPDX-License-Identifier: Apache-2.0"

  static func licenceFault(of file: SourceFile) -> Finding? {
    guard file.isProgram else { return nil }
    let line = file.path.hasSuffix("Package.swift") ? 2 : 1  // A manifest begins with the version of its tools.
    guard file.lines.count < line || file.lines[line - 1] != licence else { return nil }
    return file.finding(line, "this line must be \(licence)")
  }

  /// A header is a `//` comment with a sentence in it, before anything else.
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
  @Test func `every program file names its licence first`() throws {
    expectNone(try Repository.current.get().files.compactMap(Header.licenceFault))
  }

  @Test func `every file of the runtime says what it is for`() throws {
    let files = try Repository.current.get().files(in: "Sources/Joist/", .swift)
    expectNone(files.compactMap(Header.purposeFault))
  }

  @Test func `the checker sees a missing licence`() throws {
    #expect(Header.licenceFault(of: try swift("\n\(Header.licence)"))?.line == 1)
    #expect(Header.licenceFault(of: try swift(""))?.line == 1)
    #expect(Header.licenceFault(of: try swift(Header.licence)) == nil)
    #expect(Header.licenceFault(of: try swift("// tools\n\(Header.licence)", path: "Package.swift")) == nil)
  }

  @Test func `the checker sees a missing purpose`() throws {
    let good = ["//\n// How a process ends.", "\n// What it is for:\n// spawning\nimport A"]
    let bad = ["", "\nimport A\n// How a process ends.", "//\n/// Documents the type.", "// Spawn"]
    for text in good { #expect(Header.purposeFault(of: try swift("\(Header.licence)\n\(text)")) == nil) }
    for text in bad { #expect(Header.purposeFault(of: try swift("\(Header.licence)\n\(text)")) != nil) }
  }
}

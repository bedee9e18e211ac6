// SPDX-License-Identifier: Apache-2.0
//
// Every row of a Markdown table has as many cells as the head of the table.

import Testing

enum Tables {
  /// Returns the rows that have more or fewer cells than their table's head.
  static func broken(in page: SourceFile) -> [Finding] {
    var findings: [Finding] = []
    var columns: Int?
    for (number, line) in Markdown.withoutCode(page.lines).enumerated() {
      guard line.trimmed.hasPrefix("|") else {
        columns = nil
        continue
      }
      let count = cells(of: line)
      if let columns, columns != count {
        findings.append(page.finding(number + 1, "a row of \(count) cells in a table of \(columns)"))
      }
      columns = columns ?? count
    }
    return findings
  }

  /// Returns the number of cells in a row; a vertical bar after a backslash is text.
  private static func cells(of line: String) -> Int {
    let bars = line.trimmed.replacing("\\|", with: "").filter { $0 == "|" }.count
    return line.trimmed.hasSuffix("|") ? bars - 1 : bars
  }
}

@Suite struct TableTests {
  @Test func `every row of a table in Markdown has as many cells as its head`() throws {
    expectNone(try Repository.current.get().files(in: "", .markdown).flatMap(Tables.broken))
  }

  @Test func `the checker sees a row that is broken`() throws {
    let text = """
      | a | b |
      | --- | --- |
      | `c \\| d` | e |
      | c | d | e | f |
      | g |
      text

      | a |
      | --- |
      | b |
      """
    let page = try #require(SourceFile(path: "a.md", text: text))
    #expect(Tables.broken(in: page).map(\.line) == [4, 5])
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// A table of text with aligned columns, for the output of commands.

/// Lays out a table.
package struct TextTable: Sendable {
  /// A column's title and the side at which its text stands.
  package struct Column: Sendable {
    package var title: String
    package var isOnTheRight: Bool

    /// Creates a column.
    package init(_ title: String, onTheRight: Bool = false) {
      self.title = title
      isOnTheRight = onTheRight
    }
  }

  /// The widest column; longer text is clipped so that the other columns stay on the screen.
  private static let maxColumn = 60

  private let columns: [Column]
  private var rows: [[String]] = []

  /// Creates a table without rows.
  package init(_ columns: [Column]) { self.columns = columns }

  /// Adds a row with one text for each column.
  package mutating func add(_ row: [String]) { rows.append(row.map(TerminalText.printable)) }

  /// The heading and the rows.
  package var lines: [ScreenLine] {
    let widths = columns.indices.map { index in
      min(Self.maxColumn, max(columns[index].title.count, rows.map { TerminalText.width($0[index]) }.max() ?? 0))
    }
    return [line(columns.map(\.title), widths, .heading)] + rows.map { line($0, widths, .plain) }
  }

  private func line(_ texts: [String], _ widths: [Int], _ role: TextRole) -> ScreenLine {
    var line = ScreenLine()
    for index in columns.indices {
      if index > 0 { line.add("  ") }
      line.add(texts[index], role, in: widths[index], onTheRight: columns[index].isOnTheRight)
    }
    return line
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// The supervision tree as rows of text, each with the lines that join it to its supervisor.

/// One process of the supervision tree, as a row.
package struct TreeRow: Sendable, Hashable {
  /// The largest number of rows; more are not read by people, and would cost the view memory at each refresh.
  package static let maxRows = 20_000
  /// The largest depth that is drawn; deeper processes are drawn at this depth.
  private static let maxDepth = 64

  package var id: String
  /// The lines that join the row to its supervisor.
  package var branch: String
  package var name: String?
  package var isSupervisor: Bool
  /// The number of times that it was started.
  package var attempt: Int

  /// Returns the rows of the trees, each supervisor before its children.
  package static func rows(of roots: [SupervisionNode]) -> [TreeRow] {
    var rows: [TreeRow] = []
    // The prefix of a node's children, beside the node; the last element is the next one.
    var pending = roots.reversed().map { (node: $0, branch: "", below: "") }
    while let (node, branch, below) = pending.popLast(), rows.count < maxRows {
      rows.append(
        TreeRow(id: node.id, branch: branch, name: node.name, isSupervisor: node.isSupervisor, attempt: node.attempt)
      )
      let isDeep = below.count >= 3 * maxDepth
      for (index, child) in node.children.enumerated().reversed() {
        let isLast = index == node.children.count - 1
        pending.append(
          (child, below + (isLast ? "└─ " : "├─ "), isDeep ? below : below + (isLast ? "   " : "│  "))
        )
      }
    }
    return rows
  }

  /// The row as a line.
  package var line: ScreenLine {
    var line = ScreenLine(branch, .dim)
    line.add(name ?? id, isSupervisor ? .strong : .plain)
    if name != nil { line.add("  \(id)", .dim) }
    if isSupervisor { line.add("  supervisor", .dim) }
    if attempt > 1 { line.add("  started \(attempt) times", .notice) }
    return line
  }
}

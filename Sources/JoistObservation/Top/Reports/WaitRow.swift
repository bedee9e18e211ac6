// SPDX-License-Identifier: Apache-2.0
//
// Circles of waits and long waits as rows of text.

/// A row of the list of waits: a heading, or one wait.
package struct WaitRow: Sendable, Hashable {
  package var line: ScreenLine
  /// The process that waits; nil in a heading.
  package var waiter: String?

  /// Returns the rows: the circles, each under a heading, then the waits that have lasted longest, then the hints.
  package static func rows(of list: WaitList) -> [WaitRow] {
    var rows: [WaitRow] = []
    for (index, circle) in list.circles.enumerated() {
      let kind = circle.isCertain ? "deadlock" : "circle of waits that a timeout or a reply may end"
      let title = "\(kind) \(index + 1) of \(list.circles.count): \(circle.edges.count) processes"
      rows.append(WaitRow(line: ScreenLine(title, circle.isCertain ? .alarm : .notice), waiter: nil))
      rows += circle.edges.map { WaitRow(line: line(of: $0), waiter: $0.waiter) }
    }
    if list.circles.isEmpty { rows.append(WaitRow(line: ScreenLine("no circle of waits", .good), waiter: nil)) }
    if list.longest.isEmpty {
      rows.append(WaitRow(line: ScreenLine("no process waits for another one"), waiter: nil))
    } else {
      rows.append(WaitRow(line: ScreenLine("longest waits for another process", .heading), waiter: nil))
      rows += list.longest.map { WaitRow(line: line(of: $0), waiter: $0.waiter) }
    }
    if let stalled = list.stalled {
      let title = "nothing in the program can wake any of the \(stalled) processes that wait"
      rows.append(WaitRow(line: ScreenLine(title, .notice), waiter: nil))
    }
    if !list.hints.isEmpty {
      let title = "hints, which may be wrong: these may wait forever"
      rows.append(WaitRow(line: ScreenLine(title, .heading), waiter: nil))
      rows += list.hints.map { WaitRow(line: line(of: $0), waiter: $0.process) }
    }
    return rows
  }

  private static func line(of hint: WaitList.Hint) -> ScreenLine {
    var line = ScreenLine("  ")
    line.add(FigureText.duration(hint.nanoseconds), .strong, in: 8, onTheRight: true)
    line.add("  ")
    line.add(WaitList.label(hint.process, hint.name))
    line.add(" " + hint.reason)
    return line
  }

  private static func line(of edge: WaitList.Edge) -> ScreenLine {
    var line = ScreenLine("  ")
    line.add(FigureText.duration(edge.nanoseconds), .strong, in: 8, onTheRight: true)
    line.add("  ")
    line.add(edge.kind, .notice, in: 5)
    line.add(edge.hasTimeout ? " timeout  " : "          ", .dim)
    line.add(WaitList.label(edge.waiter, edge.waiterName))
    line.add(" → ", .dim)
    line.add(WaitList.label(edge.awaited, edge.awaitedName))
    if let frame = edge.stack.first { line.add("  in \(frame.place)", .dim) }
    return line
  }
}

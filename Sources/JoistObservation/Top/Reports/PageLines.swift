// SPDX-License-Identifier: Apache-2.0
//
// The page of one process as lines of text.

extension ProcessPage {
  /// The number of links, monitors or message types that are written out.
  private static let maxItems = 100
  /// The width of a line's title.
  private static let titleColumns = 12

  /// Returns the lines of the page in at most `columns` columns, as far as words can be broken into lines.
  ///
  /// - Parameters:
  ///   - columns: The width of the page.
  ///   - rates: The present rates of the process, if they are known.
  ///   - hasEnded: Whether the process has ended since the page was answered.
  /// - Returns: The lines.
  package func lines(columns: Int, rates: ProcessRates?, hasEnded: Bool) -> [ScreenLine] {
    titleLines(hasEnded) + figureLines(rates) + relationLines(columns) + stackLines + eventLines
  }

  private func titleLines(_ hasEnded: Bool) -> [ScreenLine] {
    var line = ScreenLine(process.id, .strong)
    if let name = process.name { line.add("  \(name)", .strong) }
    if hasEnded {
      line.add("  has ended; this is its last answer", .alarm)
    } else {
      line.add("  \(process.state)", TopScreen.role(of: process.state))
      if let reason = process.waitReason { line.add(" in \(reason)") }
      if let time = process.waitingNanoseconds { line.add(" for \(FigureText.duration(time))") }
    }
    line.add("  priority \(process.priority)", .dim)
    var lines = [line]
    if let waitsFor { lines.append(Self.line("waits for", waitsFor, .notice)) }
    if let function = process.function { lines.append(Self.line("function", function)) }
    return lines
  }

  private func figureLines(_ rates: ProcessRates?) -> [ScreenLine] {
    let cpu = FigureText.duration(process.cpuNanoseconds) + Self.now(rates.map { "\(FigureText.percent($0.cpu))%" })
    let queued =
      FigureText.duration(process.queuedNanoseconds) + Self.now(rates.map { "\(FigureText.percent($0.queued))%" })
    let slices = FigureText.count(process.slices) + Self.now(rates.map { "\(FigureText.rate($0.slices))/s" })
    let messagesIn =
      FigureText.count(process.messagesIn) + Self.now(rates.map { "\(FigureText.rate($0.messagesIn))/s" })
    let messagesOut =
      FigureText.count(process.messagesOut) + Self.now(rates.map { "\(FigureText.rate($0.messagesOut))/s" })
    let memory = process.memoryBytes.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.filter { $0.value != 0 }
      .map { "\($0.key) \(FigureText.bytes($0.value))" }
    let waits = process.waits.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
      .map { "\($0.key) \(FigureText.count($0.value))" }
    return [
      Self.line("CPU", "\(cpu)   in queues \(queued)   slices \(slices)"),
      Self.line("messages", "in \(messagesIn)   out \(messagesOut)"),
      Self.line("memory", ([FigureText.bytes(process.totalMemoryBytes)] + memory).joined(separator: "  ")),
      Self.line("waits", waits.isEmpty ? FigureText.unknown : waits.joined(separator: "  ")),
    ]
  }

  private func relationLines(_ columns: Int) -> [ScreenLine] {
    let mailbox = "\(FigureText.count(process.mailbox)) now, at most \(FigureText.count(process.longestMailbox))"
    var lines = [Self.line("mailbox", mailbox)]
    lines += Self.wrapped("", mailboxTypes, of: process.mailbox, columns)
    let child = childName.map { " as \($0)" } ?? ""
    lines.append(Self.line("supervisor", supervisor.map { $0 + child } ?? FigureText.unknown))
    lines.append(Self.line("parent", process.parent ?? FigureText.unknown))
    lines += Self.wrapped("links", links, of: links.count, columns)
    lines += Self.wrapped("monitors", monitors, of: monitors.count, columns)
    return lines
  }

  private var stackLines: [ScreenLine] {
    let heading = ScreenLine(stack.isEmpty ? "stack: cannot be read now" : "stack, innermost frame first", .heading)
    return [heading]
      + stack.enumerated().map { index, frame in
        var line = ScreenLine()
        line.add("\(index)", .dim, in: 4, onTheRight: true)
        line.add("  \(frame.place)")
        return line
      }
  }

  private var eventLines: [ScreenLine] {
    guard !events.isEmpty else { return [] }
    return [ScreenLine("last events, oldest first", .heading)] + events.map { ScreenLine("  \($0)") }
  }

  private static func now(_ rate: String?) -> String { rate.map { " (\($0))" } ?? "" }

  private static func line(_ title: String, _ text: String, _ role: TextRole = .plain) -> ScreenLine {
    var line = ScreenLine()
    line.add(title, .dim, in: titleColumns)
    line.add(text, role)
    return line
  }

  /// Returns items in as many lines as they need; `count` is the number of all items.
  private static func wrapped(_ title: String, _ items: [String], of count: Int, _ columns: Int) -> [ScreenLine] {
    guard !items.isEmpty else { return title.isEmpty ? [] : [line(title, FigureText.unknown)] }
    var shown = items.prefix(maxItems).map { $0 }
    if count > shown.count { shown.append("and \(FigureText.count(count - shown.count)) more") }
    var lines = [line(title, "")]
    for item in shown {
      let width = TerminalText.width(TerminalText.printable(item))
      if lines[lines.count - 1].width > titleColumns, lines[lines.count - 1].width + width + 2 > columns {
        lines.append(line("", ""))
      }
      lines[lines.count - 1].add(lines[lines.count - 1].width > titleColumns ? "  \(item)" : item)
    }
    return lines
  }
}

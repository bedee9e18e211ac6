// SPDX-License-Identifier: Apache-2.0
//
// The table of processes. A figure that only grows is shown as its rate, and one that rises and falls as its value. The
// column by which the rows are sorted shows what they are sorted by: the whole figure, or its growth.

extension TopScreen {
  /// Lengths of a mailbox that are worth a look, and that are likely a fault; an alarm has the same thresholds.
  private static let (longMailbox, tooLongMailbox) = (1_000, 10_000)
  /// The width of the time of a wait, such as `59.9 min`, with a space before it.
  private static let timeColumns = 9
  /// The number of rows whose ids decide the width of the first column.
  private static let rowsToMeasure = 200

  /// The table of processes.
  var processBody: Body {
    let rows = model.rows(for: state)
    let idWidth = rows.prefix(Self.rowsToMeasure).map { $0.process.id.count }.max() ?? 0
    let columns = ProcessColumn.fitting(size.columns - 1, idWidth: max(7, idWidth), sortedBy: state.figure)
    let growth = model.showsGrowth(for: state)
    let nothing = state.search.isEmpty ? "no processes" : "no row matches; enter asks for the process \(state.search)"
    return Body(
      heading: heading(columns, growth),
      count: rows.count,
      line: { line(rows[$0], columns, growth) },
      hasSelection: true,
      empty: model.list == nil ? "asking for the processes" : nothing
    )
  }

  private func heading(_ columns: [ProcessColumn], _ growth: Bool) -> ScreenLine {
    var line = ScreenLine(" ")
    for column in columns {
      let sorted = isSorted(column)
      let title = Self.title(column.kind, sorted, growth) + (sorted ? "▼" : "")
      if column.isOnTheRight { line.add(" ") }
      line.add(
        title,
        sorted ? .sorted : .heading,
        in: column.columns - 1,
        onTheRight: column.isOnTheRight
      )
      if !column.isOnTheRight { line.add(" ") }
    }
    return line
  }

  private func isSorted(_ column: ProcessColumn) -> Bool {
    column.kind == .figure(state.figure) || column.kind == .state && state.figure == .waiting
  }

  private static func title(_ kind: ProcessColumn.Kind, _ sorted: Bool, _ growth: Bool) -> String {
    let isTotal = sorted && !growth
    return switch kind {
    case .id: "PROCESS"
    case .name: "NAME"
    case .state: "STATE"
    case .function: " FUNCTION"
    case .figure(.cpu): isTotal ? "CPU" : "CPU%"
    case .figure(.slices): isTotal ? "SLICES" : "SLICES/S"
    case .figure(.messagesIn): isTotal ? "IN" : "IN/S"
    case .figure(.messagesOut): isTotal ? "OUT" : "OUT/S"
    case .figure(.mailbox): sorted && growth ? "MBOX+" : "MAILBOX"
    case .figure(.memory): sorted && growth ? "MEM+" : "MEMORY"
    case .figure(.queued): isTotal ? "QUEUED" : "QUEUED%"
    case .figure(.waiting): ""
    }
  }

  private func line(_ row: ProcessList.Row, _ columns: [ProcessColumn], _ growth: Bool) -> ScreenLine {
    let process = row.process
    var line = ScreenLine()
    for column in columns {
      let (text, role): (String, TextRole) =
        switch column.kind {
        case .id: (process.id, .plain)
        case .name: (process.name ?? FigureText.unknown, process.name == nil ? .dim : .strong)
        case .state: (stateText(process, column.columns - 1), Self.role(of: process.state))
        case .function: (" " + (process.function ?? FigureText.unknown), .dim)
        case .figure(let figure):
          isSorted(column) ? sortedText(row, figure, growth) : figureText(process, figure)
        }
      if column.isOnTheRight { line.add(" ") }
      line.add(text, role, in: column.columns - 1, onTheRight: column.isOnTheRight)
      if !column.isOnTheRight { line.add(" ") }
    }
    return line
  }

  /// The reason of a wait and, if there is room, its time; otherwise the state.
  private func stateText(_ process: ProcessDescription, _ columns: Int) -> String {
    guard process.state == "waiting", let reason = process.waitReason else { return process.state }
    guard columns >= 16, let time = process.waitingNanoseconds.map(FigureText.duration) else { return reason }
    let room = columns - Self.timeColumns
    return TerminalText.fitted(TerminalText.printable(reason), to: room)
      + TerminalText.fitted(time, to: Self.timeColumns, onTheRight: true)
  }

  private func sortedText(_ row: ProcessList.Row, _ figure: ProcessFigure, _ growth: Bool) -> (String, TextRole) {
    guard growth, let window = model.list?.windowNanoseconds, window > 0 else {
      return switch figure {
      case .cpu, .queued, .waiting: (FigureText.duration(row.value), .strong)
      case .memory: (FigureText.bytes(Int(row.value)), .strong)
      default: (FigureText.count(Int(row.value)), .strong)
      }
    }
    let part = Double(row.value) / Double(window)
    return switch figure {
    case .cpu, .queued, .waiting: (FigureText.percent(part), .strong)
    case .slices, .messagesIn, .messagesOut: (FigureText.rate(part * 1e9), .strong)
    case .mailbox: (FigureText.change(row.value) { FigureText.count(Int($0)) }, .strong)
    case .memory: (FigureText.change(row.value) { FigureText.bytes(Int($0)) }, .strong)
    }
  }

  private func figureText(_ process: ProcessDescription, _ figure: ProcessFigure) -> (String, TextRole) {
    let rates = model.rates(of: process.id)
    return switch figure {
    case .cpu: Self.text(rates?.cpu, FigureText.percent)
    case .queued: Self.text(rates?.queued, FigureText.percent)
    case .slices: Self.text(rates?.slices, FigureText.rate)
    case .messagesIn: Self.text(rates?.messagesIn, FigureText.rate)
    case .messagesOut: Self.text(rates?.messagesOut, FigureText.rate)
    case .memory: (FigureText.bytes(process.totalMemoryBytes), .plain)
    case .mailbox: (FigureText.count(process.mailbox), Self.mailboxRole(process.mailbox))
    case .waiting: (FigureText.unknown, .dim)
    }
  }

  private static func text(_ rate: Double?, _ format: (Double) -> String) -> (String, TextRole) {
    guard let rate else { return (FigureText.unknown, .dim) }
    let text = format(rate)
    return (text, text == "0" || text == "0.0" ? .dim : .plain)
  }

  private static func mailboxRole(_ length: Int) -> TextRole {
    length == 0 ? .dim : length < longMailbox ? .plain : length < tooLongMailbox ? .notice : .alarm
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// The header: the program, its processes by state, and its rates; and the footer with keys, questions and messages.

extension TopScreen {
  /// The states in the order in which they are shown; the others follow by name.
  private static let states = ["running", "ready", "waiting", "suspended", "created"]
  /// The widest curve of message rates.
  private static let maxCurve = 40

  /// The three lines of the header, the most important one first.
  var header: [ScreenLine] { [programLine, processLine, rateLine] }

  private var programLine: ScreenLine {
    var line = ScreenLine(model.program?.name ?? "waiting for an answer", .strong)
    if let program = model.program {
      line.add("  pid \(program.pid)")
      line.add("  up \(FigureText.age(model.uptimeNanoseconds ?? program.uptimeNanoseconds))")
      line.add("  \(program.schedulers) scheduler\(program.schedulers == 1 ? "" : "s")")
    }
    if state.isPaused {
      line.addAtRight("paused", .notice, total: size.columns)
    } else {
      let interval = "every \(FigureText.duration(pace.runtimeInterval))"
      line.addAtRight(interval, pace.runtimeInterval > pace.chosen ? .notice : .dim, total: size.columns)
    }
    return line
  }

  private var processLine: ScreenLine {
    guard let runtime = model.runtime else { return ScreenLine() }
    let living = runtime.processes.filter { $0.key != "terminated" }
    let total = living.values.reduce(0, +)
    var line = ScreenLine(FigureText.count(total), .strong)
    line.add(total == 1 ? " process" : " processes")
    let others = living.keys.filter { !Self.states.contains($0) }.sorted()
    for state in Self.states + others {
      let count = living[state] ?? 0
      if count == 0 && !Self.states.prefix(3).contains(state) { continue }
      line.add("  ")
      line.add(FigureText.count(count), count > 0 ? Self.role(of: state) : .dim)
      line.add(" \(state)", .dim)
    }
    let memory = FigureText.bytes(runtime.memoryBytes.values.reduce(0, +))
    line.add("  ")
    line.add(memory, .strong)
    line.add(" memory", .dim)
    return line
  }

  private var rateLine: ScreenLine {
    guard let runtime = model.runtime else { return ScreenLine() }
    var line = ScreenLine()
    for (title, counter) in [("messages", "messagesSent"), ("spawns", "processesCreated"), ("exits", "processesEnded")]
    {
      let rate = model.perSecond(counter).map(FigureText.rate) ?? FigureText.unknown
      line.add("\(title)/s ", .dim)
      line.add("\(rate)  ", .strong)
    }
    let traps = runtime.counters["trapsContained"] ?? 0
    line.add("traps ", .dim)
    line.add(FigureText.count(traps), traps > 0 ? .alarm : .plain)
    let columns = min(Self.maxCurve, size.columns - line.width - 2, model.messageRates.count)
    if columns >= 4 { line.addAtRight(Curve.text(model.messageRates.suffix(columns)), .busy, total: size.columns) }
    return line
  }

  /// The role of a state's name.
  static func role(of state: String) -> TextRole {
    switch state {
    case "running": .good
    case "ready": .notice
    case "suspended": .busy
    default: .plain
    }
  }

  /// The last line: a question, a message, the search, or the keys.
  var footer: ScreenLine {
    if let id = state.killCandidate {
      let name = model.list?.rows.first { $0.process.id == id }?.process.name
      return ScreenLine("end process \(id)\(name.map { " \($0)" } ?? "")? y ends it, any other key does not", .alarm)
    }
    if state.isTypingSearch { return ScreenLine("search: \(state.search)_", .strong) }
    if let message = state.message { return ScreenLine(message, .notice) }
    var line = ScreenLine()
    if !state.search.isEmpty, state.view != .help {
      line.add("search \(state.search)", .strong)
      if state.view == .processes, let list = model.list {
        line.add("  \(model.rows(for: state).count) of \(list.rows.count) rows", .notice)
      }
    }
    for (key, meaning) in keys where line.width + key.count + meaning.count + 3 <= size.columns {
      line.add(line.width == 0 ? "" : "  ")
      line.add(key, .strong)
      line.add(" \(meaning)", .dim)
    }
    return line
  }

  private var keys: [(String, String)] {
    switch state.view {
    case .help: [("esc", "back"), ("q", "quit")]
    case .process: [("esc", "back"), ("q", "quit"), ("↑↓", "scroll"), ("k", "end"), ("?", "help"), ("space", "pause")]
    case .tree, .waits:
      [("esc", "back"), ("q", "quit"), ("enter", "open"), ("/", "search"), ("?", "help"), ("space", "pause")]
    case .processes:
      [
        ("?", "help"), ("q", "quit"), ("enter", "open"), ("<>", "sort"), ("g", "growth"), ("/", "search"),
        ("t", "tree"), ("w", "waits"), ("space", "pause"),
      ]
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// The schedulers: a bar for each with the parts of its time, in one column or two, or a summary if there are many.

extension TopScreen {
  /// A state in which a scheduler spends time.
  private struct Part {
    let state: String
    let title: String
    let cell: Character
    let role: TextRole
  }

  private static let parts = [
    Part(state: "running", title: "run", cell: "█", role: .good),
    Part(state: "stealing", title: "steal", cell: "s", role: .busy),
    Part(state: "timers", title: "timer", cell: "t", role: .busy),
    Part(state: "collecting", title: "coll", cell: "c", role: .notice),
    Part(state: "overhead", title: "over", cell: "o", role: .notice),
    Part(state: "spinning", title: "spin", cell: "~", role: .dim),
    Part(state: "sleeping", title: "sleep", cell: "·", role: .dim),
  ]
  /// The columns of a share with its title, of the queue's length, and of the scheduler's number.
  private static let (shareColumns, queueColumns, labelColumns) = (6, 7, 5)
  /// A shorter bar does not show shares.
  private static let minBar = 8

  /// Returns the lines of the schedulers, none if there is no room for one.
  func schedulerLines(atMost maxLines: Int) -> [ScreenLine] {
    let schedulers = model.runtime?.schedulers.filter { !$0.isSpare || $0.isStuck || $0.running != nil } ?? []
    guard !schedulers.isEmpty, maxLines > 0 else { return [] }
    let tableColumns = Self.labelColumns + Self.parts.count * Self.shareColumns + Self.queueColumns
    let bar = size.columns - tableColumns
    if schedulers.count + 1 <= maxLines, bar >= 2 * Self.minBar {
      return [shareHeading(bar: bar)] + schedulers.map { shareLine($0, bar) }
    }
    if schedulers.count <= maxLines { return schedulers.map { barLine($0, columns: size.columns) } }
    let half = (schedulers.count + 1) / 2
    let columns = size.columns / 2 - 1
    if half <= maxLines, columns >= Self.labelColumns + Self.shareColumns + Self.queueColumns + Self.minBar {
      return (0..<half).map { index in
        var line = barLine(schedulers[index], columns: columns)
        line.add("  ")
        if index + half < schedulers.count { line.append(barLine(schedulers[index + half], columns: columns)) }
        return line
      }
    }
    return Array(summary(of: schedulers).prefix(maxLines))
  }

  private func shareHeading(bar: Int) -> ScreenLine {
    var line = ScreenLine()
    line.add("schedulers", .heading, in: Self.labelColumns + bar)
    for part in Self.parts { line.add(part.title, .heading, in: Self.shareColumns, onTheRight: true) }
    line.add("queue", .heading, in: Self.queueColumns, onTheRight: true)
    return line
  }

  private func shareLine(_ scheduler: SchedulerDescription, _ bar: Int) -> ScreenLine {
    let shares = model.shares(of: scheduler)
    var line = label(of: scheduler)
    line.append(self.bar(shares, columns: bar))
    for part in Self.parts {
      let share = shares[part.state] ?? 0
      line.add(Self.percent(share), share > 0.005 ? part.role : .dim, in: Self.shareColumns, onTheRight: true)
    }
    line.append(queue(of: scheduler))
    return line
  }

  /// A bar with the share of running alone, for narrow terminals and two columns.
  private func barLine(_ scheduler: SchedulerDescription, columns: Int) -> ScreenLine {
    let shares = model.shares(of: scheduler)
    var line = label(of: scheduler)
    let bar = columns - Self.labelColumns - Self.shareColumns - Self.queueColumns
    if bar >= Self.minBar { line.append(self.bar(shares, columns: bar)) }
    line.add(Self.percent(shares["running"] ?? 0), .good, in: Self.shareColumns, onTheRight: true)
    if columns >= Self.labelColumns + Self.shareColumns + Self.queueColumns { line.append(queue(of: scheduler)) }
    return line
  }

  private func label(of scheduler: SchedulerDescription) -> ScreenLine {
    var line = ScreenLine()
    let mark = scheduler.isStuck ? "!" : scheduler.isSpare ? "+" : " "
    line.add("\(mark)\(scheduler.index)", scheduler.isStuck ? .alarm : .strong, in: Self.labelColumns - 1)
    line.add(" ")
    return line
  }

  private func bar(_ shares: [String: Double], columns: Int) -> ScreenLine {
    var line = ScreenLine()
    let cells = Curve.cells(Self.parts.map { shares[$0.state] ?? 0 }, columns: columns)
    for (part, count) in zip(Self.parts, cells) {
      line.add(String(repeating: part.cell, count: count), part.role)
    }
    line.add(String(repeating: " ", count: max(0, columns - cells.reduce(0, +))))
    return line
  }

  private func queue(of scheduler: SchedulerDescription) -> ScreenLine {
    let length = scheduler.queueLengths.reduce(0, +)
    var line = ScreenLine()
    line.add(FigureText.count(length), length > 0 ? .notice : .dim, in: Self.queueColumns, onTheRight: true)
    return line
  }

  /// The shares of all schedulers together, and one character a scheduler for the time that it runs processes.
  private func summary(of schedulers: [SchedulerDescription]) -> [ScreenLine] {
    let shares = schedulers.map { model.shares(of: $0) }
    let running = shares.map { $0["running"] ?? 0 }
    var line = ScreenLine("\(schedulers.count) schedulers", .heading)
    let stuck = schedulers.count { $0.isStuck }
    if stuck > 0 { line.add("  \(stuck) stuck", .alarm) }
    let queue = schedulers.reduce(0) { $0 + $1.queueLengths.reduce(0, +) }
    line.add("  queue ", .dim)
    line.add(FigureText.count(queue), queue > 0 ? .notice : .plain)
    for part in Self.parts {
      let mean = shares.reduce(0) { $0 + ($1[part.state] ?? 0) } / Double(schedulers.count)
      // A part that is never used would take the place of one that is.
      guard mean >= 0.005 else { continue }
      line.add("  \(part.title) ", .dim)
      line.add(Self.percent(mean), part.role)
    }
    let columns = max(1, size.columns)
    let curves = stride(from: 0, to: running.count, by: columns).map { start in
      ScreenLine(Curve.text(running[start..<min(start + columns, running.count)], top: 1), .good)
    }
    return [line] + curves
  }

  private static func percent(_ share: Double) -> String { "\(Int((max(0, min(share, 9.99)) * 100).rounded()))%" }
}

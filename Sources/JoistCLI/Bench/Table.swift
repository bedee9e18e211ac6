// SPDX-License-Identifier: Apache-2.0
//
// The table of the suite. Rows are printed one by one, so the column widths follow from the plan, not from the results.

/// A table with the columns scenario, schedulers, value, unit and meaning.
struct Table {
  private let titleWidth: Int
  private let figureWidth = 9

  init(_ plan: [Planned]) {
    titleWidth = plan.map(\.title.count).max() ?? 0
  }

  var head: String { row("scenario", "schedulers", "value", "unit", "what was measured") }

  /// Returns a row for each figure, or one row with the problem if the run failed.
  func rows(_ planned: Planned, _ entry: Report.Entry) -> [String] {
    let threads = "\(planned.threads)"
    if let problem = entry.problem { return [row(planned.title, threads, "-", "", problem)] }
    return planned.scenario.figures.enumerated().map { index, figure in
      let value = entry.figures[figure.key].map(short) ?? "-"
      return row(index == 0 ? planned.title : "", index == 0 ? threads : "", value, figure.unit, figure.what)
    }
  }

  private func row(_ title: String, _ threads: String, _ figure: String, _ unit: String, _ what: String) -> String {
    let left = "\(title.padded(to: titleWidth))  \(threads.padded(to: 10, onTheLeft: true))"
    return "\(left)  \(figure.padded(to: figureWidth, onTheLeft: true)) \(unit.padded(to: 4))  \(what)"
  }
}

extension String {
  /// Returns the string, padded with spaces to at least `width` characters.
  func padded(to width: Int, onTheLeft: Bool = false) -> String {
    let spaces = String(repeating: " ", count: max(0, width - count))
    return onTheLeft ? spaces + self : self + spaces
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// The table of the suite. Its rows come one by one, so its columns are as wide as what is planned needs.

/// Scenario, schedulers, figure, what.
struct Table {
  private let titleWidth: Int
  private let figureWidth = 9

  init(_ plan: [Planned]) {
    titleWidth = plan.map(\.title.count).max() ?? 0
  }

  var head: String { row("scenario", "schedulers", "figure", "", "of what") }

  /// A row for each figure, or one for what went wrong.
  func rows(_ planned: Planned, _ entry: Report.Entry) -> [String] {
    let threads = "\(planned.threads)"
    if let problem = entry.problem { return [row(planned.title, threads, "-", "", problem)] }
    return planned.scenario.figures.enumerated().map { place, figure in
      let value = entry.figures[figure.key].map(short) ?? "-"
      return row(place == 0 ? planned.title : "", place == 0 ? threads : "", value, figure.unit, figure.what)
    }
  }

  private func row(_ title: String, _ threads: String, _ figure: String, _ unit: String, _ what: String) -> String {
    let left = "\(title.padded(to: titleWidth))  \(threads.padded(to: 10, onTheLeft: true))"
    return "\(left)  \(figure.padded(to: figureWidth, onTheLeft: true)) \(unit.padded(to: 2))  \(what)"
  }
}

extension String {
  /// With spaces to make it so long, if it is shorter.
  func padded(to width: Int, onTheLeft: Bool = false) -> String {
    let spaces = String(repeating: " ", count: max(0, width - count))
    return onTheLeft ? spaces + self : self + spaces
  }
}

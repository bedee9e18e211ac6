// SPDX-License-Identifier: Apache-2.0
//
// The parts of the screen one below the other, without keys and selection, for the output of a command.

extension TopScreen {
  /// The number of lines that schedulers may take; more of them are summarized.
  private static let schedulerLimit = 20

  /// Returns the header, the schedulers, the histograms, and the first processes.
  package func report(rows limit: Int) -> [ScreenLine] {
    let body = processBody
    let rows = (0..<min(limit, body.count)).map { index in
      var line = ScreenLine(" ")
      line.append(body.line(index))
      return line
    }
    let heading = body.heading.map { [$0] } ?? []
    let table = rows.isEmpty ? [ScreenLine("no processes", .dim)] : heading + rows
    return header + schedulerLines(atMost: Self.schedulerLimit) + histogramLines(withShape: false) + table
  }
}

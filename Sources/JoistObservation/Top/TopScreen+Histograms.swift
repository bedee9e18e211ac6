// SPDX-License-Identifier: Apache-2.0
//
// The histograms of the runtime as a small table: the half, the hundredth and the worst value since the last refresh.

extension TopScreen {
  private static let columns = [
    (title: "max", name: "runDelay.max"), (title: "high", name: "runDelay.high"),
    (title: "normal", name: "runDelay.normal"), (title: "low", name: "runDelay.low"),
    (title: "slice", name: "sliceLength"), (title: "latency", name: "messageLatency"),
    (title: "mailbox", name: "mailboxLength"), (title: "switch", name: "switchTime"),
    (title: "creation", name: "creationTime"),
  ]
  private static let rows = [
    (title: "half below", part: 0.5), (title: "99% below", part: 0.99), (title: "worst", part: 1),
  ]
  /// The columns of a row's title and of a value.
  private static let (titleColumns, valueColumns) = (11, 9)

  /// Returns the table, with a picture of each histogram's shape in its last line if `withShape`.
  func histogramLines(withShape: Bool) -> [ScreenLine] {
    let all = Self.columns.compactMap { column in model.histogram(column.name).map { (column.title, column.name, $0) } }
    let room = (size.columns - Self.titleColumns) / Self.valueColumns
    // Histograms without a value are left out first.
    let chosen = all.count <= room ? all : Array(all.filter { $0.2.count > 0 }.prefix(max(0, room)))
    guard !chosen.isEmpty else { return [] }
    var heading = ScreenLine()
    heading.add(chosen[0].1.hasPrefix("runDelay") ? "run delay" : "", .heading, in: Self.titleColumns)
    for (title, _, _) in chosen { heading.add(title, .heading, in: Self.valueColumns, onTheRight: true) }
    var lines = [heading]
    for row in Self.rows {
      var line = ScreenLine()
      line.add(row.title, .dim, in: Self.titleColumns)
      for (_, _, histogram) in chosen {
        let text = histogram.quantile(row.part).map { Self.text($0, histogram.unit) } ?? FigureText.unknown
        line.add(text, histogram.count > 0 ? .plain : .dim, in: Self.valueColumns, onTheRight: true)
      }
      lines.append(line)
    }
    guard withShape else { return lines }
    var shapes = ScreenLine()
    shapes.add("shape", .dim, in: Self.titleColumns)
    for (_, _, histogram) in chosen {
      shapes.add(Curve.shape(histogram, columns: Self.valueColumns - 1), .busy, in: Self.valueColumns, onTheRight: true)
    }
    return lines + [shapes]
  }

  private static func text(_ value: Int64, _ unit: String) -> String {
    unit == "nanoseconds" ? FigureText.duration(value) : FigureText.count(Int(value))
  }
}

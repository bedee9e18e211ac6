// SPDX-License-Identifier: Apache-2.0
//
// Small pictures made of characters: a curve of values, the shape of a histogram, and a bar of shares.

/// Draws values with characters.
package enum Curve {
  private static let levels = Array("▁▂▃▄▅▆▇█")

  /// Returns one character a value, as high as the value is beside `top`, or else beside the largest one.
  package static func text(_ values: some Collection<Double>, top: Double? = nil) -> String {
    let top = top ?? values.max() ?? 0
    return String(
      values.map { value in
        let level = top > 0 ? Int((value / top * Double(levels.count - 1)).rounded(.up)) : 0
        return levels[max(0, min(level, levels.count - 1))]
      }
    )
  }

  /// Returns the shape of a histogram in at most `columns` characters, from its smallest to its largest value; each
  /// character stands for at least a doubling of the value.
  package static func shape(_ histogram: HistogramDescription, columns: Int) -> String {
    guard let first = histogram.buckets.first, let last = histogram.buckets.last, columns > 0 else { return "" }
    let low = logarithm(first.upperBound)
    let span = logarithm(last.upperBound) - low
    let count = max(1, min(columns, Int(span.rounded(.up)) + 1))
    var sums = Array(repeating: 0.0, count: count)
    for bucket in histogram.buckets {
      let part = span > 0 ? (logarithm(bucket.upperBound) - low) / span : 0
      sums[max(0, min(Int((part * Double(count - 1)).rounded()), count - 1))] += Double(bucket.count)
    }
    let top = sums.max() ?? 0
    return sums.map { $0 > 0 ? text([$0], top: top) : " " }.joined()
  }

  /// Returns how many of `columns` cells each share gets; the sum is `columns` if the shares sum to one.
  package static func cells(_ shares: [Double], columns: Int) -> [Int] {
    let exact = shares.map { max(0, $0) * Double(max(0, columns)) }
    var cells = exact.map { Int($0) }
    let total = min(columns, Int(exact.reduce(0, +).rounded()))
    let byRest = exact.indices.sorted { exact[$0] - exact[$0].rounded(.down) > exact[$1] - exact[$1].rounded(.down) }
    for index in byRest.prefix(max(0, total - cells.reduce(0, +))) { cells[index] += 1 }
    return cells
  }

  /// The logarithm to base two, exact enough for a picture, without a mathematics library.
  private static func logarithm(_ value: Int64) -> Double {
    let value = Double(max(1, value))
    return Double(value.exponent) + value.significand - 1
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// Writes metrics as lines of the Prometheus text format 0.0.4 or of OpenMetrics 1.0. Both ask that the lines of a
// metric stand together below one HELP and one TYPE line; they differ in the names of counters and in the last line.

/// Text of metrics that grows by one metric at a time.
struct PrometheusWriter {
  /// What a metric does over time.
  enum Kind: String {
    case counter, gauge, histogram
  }

  /// A label of a sample.
  typealias Label = (name: String, value: String)

  let format: RuntimeDescription.MetricsFormat
  private var text = ""

  init(format: RuntimeDescription.MetricsFormat) { self.format = format }

  /// Writes the lines of one metric; writes nothing if it has no sample.
  ///
  /// - Parameters:
  ///   - name: The name of the metric; that of a counter without `_total`.
  ///   - kind: What it does over time; a histogram is written by `histogram`.
  ///   - help: What it means, in a phrase.
  ///   - samples: Its values, each with other labels.
  mutating func metric(_ name: String, _ kind: Kind, _ help: String, _ samples: [(labels: [Label], value: Double)]) {
    guard !samples.isEmpty else { return }
    head(name, kind, help)
    let suffix = kind == .counter ? "_total" : ""
    for sample in samples { line(name + suffix, sample.labels, sample.value) }
  }

  /// Writes one metric whose histograms differ in their labels, with buckets of fixed bounds.
  ///
  /// Source buckets count where their upper bound is at most the fixed one, so that the bounds of the series never
  /// change while the program runs.
  ///
  /// - Parameters:
  ///   - name: The name of the metric.
  ///   - help: What it means, in a phrase.
  ///   - bounds: The upper bounds of the buckets in the unit of the histogram, in ascending order.
  ///   - scale: The factor from the unit of the histogram to that of the metric.
  ///   - histograms: The histograms with their labels.
  mutating func histogram(
    _ name: String,
    _ help: String,
    bounds: [Int64],
    scale: Double,
    _ histograms: [(labels: [Label], value: HistogramDescription)]
  ) {
    guard !histograms.isEmpty else { return }
    head(name, .histogram, help)
    for (labels, histogram) in histograms {
      var below = 0
      var next = histogram.buckets.startIndex
      for bound in bounds {
        while next < histogram.buckets.endIndex, histogram.buckets[next].upperBound <= bound {
          below += histogram.buckets[next].count
          next += 1
        }
        line("\(name)_bucket", labels + [("le", bucketBound(Double(bound) * scale))], Double(below))
      }
      // The sum of the buckets, which a torn read of the count cannot contradict.
      let count = histogram.buckets.reduce(0) { $0 + $1.count }
      line("\(name)_bucket", labels + [("le", "+Inf")], Double(count))
      line("\(name)_sum", labels, Double(histogram.sum) * scale)
      line("\(name)_count", labels, Double(count))
    }
  }

  /// Returns the whole text, with the end mark if the format has one.
  consuming func finished() -> String {
    if format == .openMetrics { text += "# EOF\n" }
    return text
  }

  private mutating func head(_ name: String, _ kind: Kind, _ help: String) {
    let family = kind == .counter && format == .prometheus ? name + "_total" : name
    text +=
      "# HELP \(family) \(Self.escaped(help, quotes: format == .openMetrics))\n# TYPE \(family) \(kind.rawValue)\n"
    guard format == .openMetrics else { return }
    for unit in ["seconds", "bytes"] where name.hasSuffix("_\(unit)") { text += "# UNIT \(family) \(unit)\n" }
  }

  private mutating func line(_ name: String, _ labels: [Label], _ value: Double) {
    text += name
    if !labels.isEmpty {
      text += "{"
      text += labels.map { "\($0.name)=\"\(Self.escaped($0.value, quotes: true))\"" }.joined(separator: ",")
      text += "}"
    }
    text += " \(Self.number(value))\n"
  }

  /// Returns the bound of a bucket; OpenMetrics asks for a fraction in whole numbers, such as `1.0`.
  private func bucketBound(_ bound: Double) -> String {
    format == .openMetrics ? String(bound) : Self.number(bound)
  }

  private static func escaped(_ text: String, quotes: Bool) -> String {
    var result = ""
    for character in text.unicodeScalars {
      switch character {
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\"" where quotes: result += "\\\""
      default: result.unicodeScalars.append(character)
      }
    }
    return result
  }

  /// Returns the shortest decimal form that names the value exactly, without a fraction for whole numbers.
  private static func number(_ value: Double) -> String {
    guard value.isFinite else { return value.isNaN ? "NaN" : value < 0 ? "-Inf" : "+Inf" }
    // Doubles hold each whole number up to this one.
    let lastExactWhole = 9_007_199_254_740_992.0
    return value == value.rounded() && abs(value) <= lastExactWhole ? String(Int64(value)) : String(value)
  }
}

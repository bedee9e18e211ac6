// SPDX-License-Identifier: Apache-2.0
//
// A series of a metrics backend that follows a figure of a runtime. The runtime has totals since its start, and a
// backend wants what was added: the difference to the last total. A total that is lower than the last one was read
// while its parts changed; it adds nothing, and what follows is counted from the higher one.

#if Telemetry
  import CoreMetrics
  import Joist

  /// The metrics backend, and the dimensions that all series have.
  struct SeriesMaker {
    let factory: any MetricsFactory
    let common: [(String, String)]

    func counter(_ name: String, _ dimensions: [(String, String)] = []) -> CounterSeries {
      CounterSeries(CoreMetrics.Counter(label: name, dimensions: dimensions + common, factory: factory))
    }

    func seconds(_ name: String, _ dimensions: [(String, String)]) -> SecondsSeries {
      SecondsSeries(FloatingPointCounter(label: name, dimensions: dimensions + common, factory: factory))
    }

    func gauge(_ name: String, _ dimensions: [(String, String)] = []) -> Meter {
      Meter(label: name, dimensions: dimensions + common, factory: factory)
    }

    func histogram(_ name: String, _ dimensions: [(String, String)] = [], scale: Double) -> HistogramSeries {
      let recorder = Recorder(label: name, dimensions: dimensions + common, aggregate: true, factory: factory)
      return HistogramSeries(recorder, scale: scale)
    }
  }

  /// A counter that follows a total; the module's name tells the backend's counter from the runtime's own.
  struct CounterSeries {
    private let counter: CoreMetrics.Counter
    private var last = 0

    init(_ counter: CoreMetrics.Counter) { self.counter = counter }

    /// Adds what the total has grown by.
    mutating func follow(_ total: Int) {
      guard total > last else { return }
      counter.increment(by: total - last)
      last = total
    }
  }

  /// A counter of seconds that follows a total time.
  struct SecondsSeries {
    private let counter: FloatingPointCounter
    private var last = Duration.zero

    init(_ counter: FloatingPointCounter) { self.counter = counter }

    /// Adds what the total has grown by.
    mutating func follow(_ total: Duration) {
      guard total > last else { return }
      counter.increment(by: (total - last) / .seconds(1))
      last = total
    }
  }

  /// A recorder that follows a histogram.
  struct HistogramSeries {
    /// The number of values that are recorded at a sample: enough for the 99.9th percentile, at a cost of some hundred
    /// microseconds.
    static let maxValues = 1_000

    private let recorder: Recorder
    /// The recorder's unit in units of the histogram.
    private let scale: Double
    /// The counts of the buckets at the last sample, by their bounds.
    private var last: [Int: Int] = [:]

    init(_ recorder: Recorder, scale: Double) {
      self.recorder = recorder
      self.scale = scale
    }

    /// Records the values that were added, each as the bound of its bucket.
    ///
    /// Of more than `maxValues`, about that many are recorded: each bucket by its part, and at least once.
    mutating func follow(_ histogram: RuntimeHistogram) {
      var added: [(bound: Int, count: Int)] = []
      for bucket in histogram.buckets {
        let before = last[bucket.upperBound, default: 0]
        guard bucket.count > before else { continue }
        added.append((bucket.upperBound, bucket.count - before))
        last[bucket.upperBound] = bucket.count
      }
      let sum = added.reduce(0) { $0 + $1.count }
      let part = min(1, Double(HistogramSeries.maxValues) / Double(max(1, sum)))
      for (bound, count) in added {
        for _ in 0..<max(1, Int(Double(count) * part)) { recorder.record(Double(bound) * scale) }
      }
    }
  }
#endif

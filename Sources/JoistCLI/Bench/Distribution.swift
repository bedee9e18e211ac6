// SPDX-License-Identifier: Apache-2.0
//
// A distribution of durations: a histogram with three significant digits over its whole range.

import Histogram

/// A histogram of durations.
package struct Distribution: Sendable {
  private var histogram = Histogram<UInt64>(numberOfSignificantValueDigits: .three)

  /// Creates an empty distribution.
  package init() {}

  /// The number of samples.
  package var count: Int { Int(histogram.totalCount) }

  /// Adds a sample; a negative duration counts as zero.
  package mutating func add(_ duration: Duration) {
    histogram.record(UInt64(max(0, duration.nanoseconds)))
  }

  /// Returns the nanoseconds that `percent` of the samples do not exceed, accurate to one thousandth.
  package func nanoseconds(percent: Double) -> Double { Double(histogram.valueAtPercentile(percent)) }

  /// The percentiles that a scenario reports, in microseconds, and the number of samples.
  package var figures: [String: Double] {
    let percents = ["p50": 50, "p99": 99, "p999": 99.9, "max": 100]
    return percents.mapValues { nanoseconds(percent: $0) / 1_000 }.merging(["n": Double(count)]) { $1 }
  }

  /// The buckets that have samples, in ascending order.
  package var buckets: [Bucket] {
    histogram.recordedValues().map { value in
      let range = histogram.equivalentRangeForValue(value.value)
      return Bucket(from: range.lowerBound, to: range.upperBound, count: value.count)
    }
  }
}

/// A bucket of a distribution.
package struct Bucket: Codable, Equatable, Sendable {
  /// The lower bound in nanoseconds, inclusive.
  package let from: UInt64
  /// The upper bound in nanoseconds, inclusive.
  package let to: UInt64
  /// The number of samples.
  package let count: UInt64
}

// SPDX-License-Identifier: Apache-2.0
//
// How long something took, many times: a histogram with three significant digits, however long the tail.

import Histogram

/// Durations, counted by size.
package struct Distribution: Sendable {
  private var histogram = Histogram<UInt64>(numberOfSignificantValueDigits: .three)

  /// None yet.
  package init() {}

  /// How many there are.
  package var count: Int { Int(histogram.totalCount) }

  /// Counts a duration; a negative one is none at all.
  package mutating func add(_ duration: Duration) {
    histogram.record(UInt64(max(0, duration.nanoseconds)))
  }

  /// So many percent of them took at most so many nanoseconds, to within a thousandth.
  package func nanoseconds(percent: Double) -> Double { Double(histogram.valueAtPercentile(percent)) }

  /// The figures of a scenario, in microseconds.
  package var figures: [String: Double] {
    let percents = ["p50": 50, "p99": 99, "p999": 99.9, "max": 100]
    return percents.mapValues { nanoseconds(percent: $0) / 1_000 }.merging(["n": Double(count)]) { $1 }
  }

  /// How many were from so many nanoseconds to so many: those that occurred, in order.
  package var buckets: [Bucket] {
    histogram.recordedValues().map { value in
      let range = histogram.equivalentRangeForValue(value.value)
      return Bucket(from: range.lowerBound, to: range.upperBound, count: value.count)
    }
  }
}

/// A part of a distribution, in nanoseconds.
package struct Bucket: Codable, Equatable, Sendable {
  /// The least.
  package let from: UInt64
  /// The most.
  package let to: UInt64
  /// How many.
  package let count: UInt64
}

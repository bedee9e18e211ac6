// SPDX-License-Identifier: Apache-2.0

import JoistObservation
import Testing

/// Tests of the descriptions that travel over the control socket.
struct ModelTests {
  @Test("T11: a quantile is the bound of the bucket that reaches it, and nil without values")
  func quantiles() {
    let buckets = [HistogramDescription.Bucket(upperBound: 64, count: 90), .init(upperBound: 1_024, count: 10)]
    let histogram = HistogramDescription(unit: "nanoseconds", count: 100, sum: 16_000, buckets: buckets)
    #expect(histogram.quantile(0.5) == 64)
    #expect(histogram.quantile(0.9) == 64)
    #expect(histogram.quantile(0.91) == 1_024)
    #expect(histogram.quantile(1) == 1_024)
    #expect(HistogramDescription(unit: "nanoseconds", count: 0, sum: 0, buckets: []).quantile(0.5) == nil)
  }
}

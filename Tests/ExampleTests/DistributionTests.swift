// SPDX-License-Identifier: Apache-2.0
//
// Compares the percentiles of a distribution with those of the sorted samples.

import JoistCLI
import TestSupport
import Testing

@Suite struct DistributionTests {
  @Test(arguments: [1, 2, 10, 999, many(20_000)])
  func `T13: percentiles are those of the sorted samples, to a thousandth`(count: Int) {
    // Fixed samples that spread over five decades.
    let samples = (1...count).map { 100 + ($0 * 7_919 % 10_007) * ($0 * 104_729 % 1_009) }
    var distribution = Distribution()
    for sample in samples { distribution.add(.nanoseconds(sample)) }
    let sorted = samples.sorted()
    #expect(distribution.count == count)
    for perMille in [500, 900, 990, 999, 1_000] {
      // The rank of the smallest sample that `perMille` per mille of the samples do not exceed.
      let rank = (perMille * count + 999) / 1_000
      let exact = Double(sorted[rank - 1])
      #expect(abs(distribution.nanoseconds(percent: Double(perMille) / 10) - exact) <= exact / 1_000)
    }
    #expect(distribution.figures["max"] == Double(sorted[count - 1]) / 1_000)
  }

  @Test func `T13: buckets hold every sample once`() {
    let samples = (1...many(5_000)).map { $0 * $0 }
    var distribution = Distribution()
    for sample in samples { distribution.add(.nanoseconds(sample)) }
    let buckets = distribution.buckets
    for bucket in buckets {
      #expect(samples.filter { (bucket.from...bucket.to).contains(UInt64($0)) }.count == Int(bucket.count))
    }
    #expect(buckets.reduce(0) { $0 + $1.count } == many(5_000))
  }

  @Test func `an empty distribution and a negative duration report zero`() {
    var distribution = Distribution()
    #expect(distribution.figures["p99"] == 0 && distribution.buckets.isEmpty)
    distribution.add(.nanoseconds(-5))
    #expect(distribution.figures["max"] == 0 && distribution.count == 1)
  }
}

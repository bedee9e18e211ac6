// SPDX-License-Identifier: Apache-2.0
//
// The histograms that a runtime always keeps, and the buckets that they consist of.

import Joist
import TestSupport
import Testing

@Suite struct HistogramTests {
  @Test func `T13: each value lies in its bucket, and no bucket is wider than an eighth of its values`() {
    var random = SplitMix64(seed: 1)
    let limit: UInt64 = 1 << 40
    var values: [UInt64] = Array(0..<4_096)
    for power in 3..<40 {
      let start: UInt64 = 1 << UInt64(power)
      values += [start - 1, start, start + 1, start + start / 8 - 1, start + start / 8, 2 * start - 1]
      for _ in 0..<200 { values.append(start + random.next() % start) }
    }
    for value in values where value < limit {
      let bucket = ValueHistogram.bucket(of: value)
      let most = ValueHistogram.upperBound(ofBucket: bucket)
      #expect(value <= most && (bucket == 0 || value > ValueHistogram.upperBound(ofBucket: bucket - 1)), "\(value)")
      if bucket > 0 {
        let width = most - ValueHistogram.upperBound(ofBucket: bucket - 1)
        #expect(width == 1 || width * 8 <= most, "\(value)")
      }
    }
    for value in [limit, limit + 1, .max] {
      #expect(ValueHistogram.bucket(of: value) == ValueHistogram.bucketCount - 1)
    }
  }

  @Test func `T13: a histogram counts each value in its bucket and in no other`() {
    let histogram = ValueHistogram()
    for value in [0, 7, 8, 100, 100, 1 << 50] as [UInt64] { histogram.add(value) }
    histogram.add(3, times: 5)
    var expected = Array(repeating: 0, count: ValueHistogram.bucketCount)
    for (value, count) in [(0, 1), (7, 1), (8, 1), (100, 2), (1 << 50, 1), (3, 5)] as [(UInt64, Int)] {
      expected[ValueHistogram.bucket(of: value)] += count
    }
    #expect(histogram.totals == expected)
  }

  /// The histograms after a process has received the messages, which were all there before.
  private func histograms(messages: Int) throws -> RuntimeHistograms {
    let simulation = try HandDriven()
    let process = simulation.runtime.spawn(Int.self) { process in for _ in 0..<messages { _ = try process.receive() } }
    for number in 0..<messages { process.send(number) }
    simulation.run()
    return simulation.runtime.histograms
  }

  @Test func `T13: the length of the mailbox is sampled at each sixteenth message that is received`() throws {
    let lengths = try histograms(messages: 160).mailboxLength
    // 144, 128, … 0 messages were left.
    #expect(lengths.count == 10 && lengths.buckets.map(\.count).reduce(0, +) == 10)
    for (bucket, length) in zip(lengths.buckets, stride(from: 0, through: 144, by: 16)) {
      #expect(bucket.count == 1 && bucket.upperBound >= length && bucket.upperBound < length + max(1, length / 8))
    }
  }

  @Test func `T13: a quantile is the bound of the bucket that holds that part of the values`() throws {
    let lengths = try histograms(messages: 160).mailboxLength
    let bounds = lengths.buckets.map(\.upperBound)
    try #require(bounds.count == 10 && bounds == bounds.sorted())
    for (part, index) in [(0, 0), (0.1, 0), (0.11, 1), (0.5, 4), (0.51, 5), (0.9, 8), (0.99, 9), (1, 9)] {
      #expect(lengths.quantile(part) == bounds[index], "\(part)")
    }
    #expect(try histograms(messages: 1).mailboxLength.quantile(0.5) == nil)
  }

  @Test func `T12: the latency of a message is the time from its send to its receive`() throws {
    let simulation = try HandDriven()
    let (runtime, platform) = (simulation.runtime, simulation.platform)
    let receiver = runtime.spawn(Int.self) { process in while true { _ = try process.receive() } }
    simulation.run()
    for _ in 0..<10 {
      runtime.spawn { process in
        for number in 0..<16 { receiver.send(number) }
        platform.advance(by: 1_000_000)
        try process.reduce(2_000)
      }
      simulation.run()
    }
    let latency = runtime.histograms.messageLatency
    #expect(latency.count == 10)
    #expect((1_000_000...1_125_000).contains(try #require(latency.quantile(0.5))))
    #expect((1_000_000...1_125_000).contains(try #require(latency.quantile(1))))
    receiver.exit()
    simulation.run()
  }

  @Test
  func `T13: beside a crowd an urgent process runs at once, and one of low priority waits, as the histograms say`()
    throws
  {
    let simulation = try HandDriven(.init(schedulers: 1, ageing: 1_000_000))
    let (runtime, platform) = (simulation.runtime, simulation.platform)
    for _ in 0..<50 {
      runtime.spawn { process in
        for _ in 0..<20 {
          platform.advance(by: 100_000)
          try process.reduce(2_000)
          try process.sleep(for: .milliseconds(1))
        }
      }
    }
    for priority in [Priority.max, .low] {
      runtime.spawn(options: .init(priority: priority)) { process in
        for _ in 0..<20 { try process.sleep(for: .milliseconds(1)) }
      }
    }
    simulation.run()
    let delays = runtime.histograms.runDelay
    let (urgent, low) = (try #require(delays[.max]), try #require(delays[.low]))
    #expect(urgent.count >= 20 && low.count > 1 && delays[.high]?.count == 0)
    // At most the rest of one slice; the low one waits until the crowd sleeps.
    #expect(try #require(urgent.quantile(1)) <= 115_000 && #require(low.quantile(0.5)) > 3_000_000)
    let crowd = try #require(delays[.normal]?.quantile(0.5))
    #expect(crowd > 1_000_000)
  }

  @Test(.timeLimit(.minutes(15)))
  func `T11: the times of switches, spawns and slices are sampled, and are less than the time that passed`() throws {
    let began = ContinuousClock.now
    let histograms = Log<RuntimeHistograms>()
    _ = try withRuntime(.init(schedulers: 1)) { runtime in
      for _ in 0..<2 { runtime.spawn { process in for _ in 0..<many(40_000) { try process.yield() } } }
      runtime.spawn { process in
        for _ in 0..<640 {
          process.spawn { _ in }
          try process.yield()
        }
      }
      runtime.waitUntilIdle()
      histograms.add(runtime.histograms)
    }
    let (seen, passed) = (histograms.entries[0], Int((ContinuousClock.now - began) / .nanoseconds(1)))
    for histogram in [seen.switchTime, seen.creationTime, seen.sliceLength] {
      #expect(histogram.count > 2)
      #expect((1..<passed).contains(try #require(histogram.quantile(0.5))))
    }
    // One spawn of 64, and at most one switch and one slice of 64 readings of the clock, each of at least 16 slices.
    #expect(
      (5...11).contains(seen.creationTime.count) && seen.switchTime.count <= (2 * many(40_000) + 1_280) / 1_024 + 1
    )
  }
}

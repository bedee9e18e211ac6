// SPDX-License-Identifier: Apache-2.0
//
// The histograms of a runtime, as a program sees them: the sums of those of its schedulers.

/// How values are distributed: counts of buckets whose bounds differ by an eighth.
public struct RuntimeHistogram: Sendable, Hashable {
  /// The values that are at most `upperBound`, and above the bound of the bucket before.
  public struct Bucket: Sendable, Hashable {
    /// The largest value of the bucket, in the histogram's unit; the last bucket has all larger values, too.
    public let upperBound: Int
    /// The number of values.
    public let count: Int
  }

  /// The buckets that have values, in ascending order.
  public let buckets: [Bucket]
  /// The number of values.
  public let count: Int

  init(_ totals: [Int], _ bound: (UInt64) -> Int) {
    buckets = totals.indices.compactMap { index in
      totals[index] == 0
        ? nil : Bucket(upperBound: bound(ValueHistogram.upperBound(ofBucket: index)), count: totals[index])
    }
    count = totals.reduce(0, +)
  }

  /// Returns the upper bound of the bucket in which that part of all values is reached.
  ///
  /// - Parameter part: A number from 0 to 1; 0.99 for the 99th percentile.
  /// - Returns: The bound in the histogram's unit; nil if there are no values.
  public func quantile(_ part: Double) -> Int? {
    var left = max(1, Int((part * Double(count)).rounded(.up)))
    for bucket in buckets {
      left -= bucket.count
      if left <= 0 { return bucket.upperBound }
    }
    return buckets.last?.upperBound
  }
}

/// The histograms of a runtime since its start.
///
/// About one value of sixteen is counted. The values are read from clock readings that schedulers make every few
/// slices, so short delays are exact to about half a microsecond.
public struct RuntimeHistograms: Sendable, Hashable {
  /// The nanoseconds from ready to running, by the priority of the queue.
  public let runDelay: [Priority: RuntimeHistogram]
  /// The nanoseconds of slices.
  public let sliceLength: RuntimeHistogram
  /// The nanoseconds from a send to the receive of the message.
  public let messageLatency: RuntimeHistogram
  /// The number of messages in the mailbox, when one is received.
  public let mailboxLength: RuntimeHistogram
  /// The nanoseconds of a switch from process to process, and of a spawn, readings of the clock included.
  public let switchTime, creationTime: RuntimeHistogram
}

extension ProcessRuntime {
  /// The histograms of the runtime, summed up at the call.
  public var histograms: RuntimeHistograms { core.histograms }
}

extension Handle<RuntimeCore> {
  fileprivate var histograms: RuntimeHistograms {
    let runDelays = Priority.allCases.map { level in
      (level, times { $0.it.histograms.runDelay.advanced(by: Int(level.rawValue)).it.totals })
    }
    return RuntimeHistograms(
      runDelay: Dictionary(uniqueKeysWithValues: runDelays),
      sliceLength: times { $0.it.histograms.sliceLength.totals },
      messageLatency: times { $0.it.histograms.messageLatency.totals },
      mailboxLength: RuntimeHistogram(sum { $0.it.histograms.mailboxLength.totals }) { Int(clamping: $0) },
      switchTime: times { $0.it.histograms.switchTime.totals },
      creationTime: times { $0.it.histograms.creationTime.totals }
    )
  }

  private func times(_ totals: (Handle<Scheduler>) -> [Int]) -> RuntimeHistogram {
    let clock = it.platform.ticks
    return RuntimeHistogram(sum(totals)) { Int(clock.nanoseconds($0)) }
  }

  private func sum(_ totals: (Handle<Scheduler>) -> [Int]) -> [Int] {
    var sum = Array(repeating: 0, count: ValueHistogram.bucketCount)
    for number in 0..<it.schedulerCount {
      for (index, count) in totals(it.scheduler(number)).enumerated() { sum[index] += count }
    }
    return sum
  }
}

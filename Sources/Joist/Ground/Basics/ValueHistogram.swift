// SPDX-License-Identifier: Apache-2.0
//
// A histogram of fixed size: eight buckets for each power of two, as in HdrHistogram (Tene, 2012) with three bits of
// precision. So a bucket's bounds differ by at most an eighth.

/// Counts of values by size, which one thread adds to and any thread reads.
package struct ValueHistogram: ~Copyable {
  /// The number of buckets for a power of two, and of powers: values of up to 2^40 are told apart.
  package static var perPower: Int { 8 }
  package static var bucketCount: Int { 38 * perPower }

  private let counts = Handle<Counter>.allocate(count: ValueHistogram.bucketCount) { Counter() }

  package init() {}
  deinit { counts.free(count: ValueHistogram.bucketCount) }

  /// Counts a value `times` times.
  @inline(__always)
  package func add(_ value: UInt64, times: Int = 1) {
    counts.advanced(by: ValueHistogram.bucket(of: value)).it.add(times)
  }

  /// Returns the number of the bucket that has a value.
  @inline(__always)
  package static func bucket(of value: UInt64) -> Int {
    if value < UInt64(perPower) { return Int(value) }
    let power = 63 - value.leadingZeroBitCount
    let place = Int(truncatingIfNeeded: value &>> UInt64(power - 3)) & 7
    return min((power - 2) * perPower + place, bucketCount - 1)
  }

  /// Returns the largest value of a bucket; the last bucket has all larger values, too.
  package static func upperBound(ofBucket bucket: Int) -> UInt64 {
    if bucket < perPower { return UInt64(bucket) }
    let (power, place) = (bucket / perPower + 2, bucket % perPower)
    return (UInt64(9 + place) << UInt64(power - 3)) - 1
  }

  /// The counts of all buckets, as seen from any thread.
  package var totals: [Int] { (0..<ValueHistogram.bucketCount).map { counts.advanced(by: $0).it.total } }
}

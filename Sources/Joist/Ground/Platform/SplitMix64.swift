// SPDX-License-Identifier: Apache-2.0
//
// Random numbers that a seed determines.

/// Vigna's SplitMix64: a counter, well mixed.
package struct SplitMix64 {
  private var state: UInt64

  package init(seed: UInt64) { state = seed }

  package mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  /// From 0 up to 1, without 1.
  package mutating func nextFraction() -> Double { Double(next() >> 11) / Double(UInt64(1) << 53) }
}

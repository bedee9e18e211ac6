// SPDX-License-Identifier: Apache-2.0
//
// How many schedulers make use of this machine: the processors that this program may run on, and no more than its
// control group's quota pays for.

import CJoist

/// Counts processors.
enum Processors {
  /// At least one, at most `Limits.schedulersMost`.
  static func useful() -> Int {
    let quota = quotaInProcessors(SmallFile.text("/sys/fs/cgroup/cpu.max")) ?? Int.max
    return min(max(1, min(Int(joist_processors_allowed()), quota)), Limits.schedulersMost)
  }

  /// Of cgroup v2's line "quota period", both in microseconds: the processors that it pays for, rounded up.
  ///
  /// Nil for "max" and for anything that is not such a line.
  static func quotaInProcessors(_ line: String?) -> Int? {
    let parts = line?.split(whereSeparator: \.isWhitespace).compactMap { Int($0) } ?? []
    guard parts.count == 2, parts[0] > 0, parts[1] > 0 else { return nil }
    return (parts[0] + parts[1] - 1) / parts[1]
  }
}

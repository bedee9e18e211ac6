// SPDX-License-Identifier: Apache-2.0
//
// How many schedulers make use of this machine: the processors that this program may run on, and no more than the
// quotas of its control groups pay for.

import CJoist

/// Counts processors.
enum Processors {
  /// At least one, at most `Limits.maxSchedulers`.
  static func useful() -> Int {
    let quota = ControlGroups.read(SmallFile.text).processors ?? Int.max
    return min(max(1, min(Int(joist_processors_allowed()), quota)), Limits.maxSchedulers)
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// The number of schedulers that can run at once: the processors that this program may run on, limited by the quotas of
// its control groups.

import CJoist

/// The processors that the program may use.
enum Processors {
  /// Returns their number, at least one and at most `Limits.maxSchedulers`.
  static func useful() -> Int {
    let quota = ControlGroups.read(SmallFile.text).processors ?? Int.max
    return min(max(1, min(Int(joist_processors_allowed()), quota)), Limits.maxSchedulers)
  }
}

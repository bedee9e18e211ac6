// SPDX-License-Identifier: Apache-2.0
//
// The program's budget of guards that split mappings: the kernel limits the mappings of a program, and all runtimes
// share them.

import Synchronization

/// The count of the slots whose guards cost mappings.
enum SplitMappings {
  // Ordering: relaxed. It is a budget that orders nothing.
  private static let slots = Atomic<Int>(0)

  /// Takes `count` slots out of the budget; returns false, taking none, if it does not allow for them.
  static func allow(_ count: Int, _ platform: any Platform) -> Bool {
    if platform.guardsAreFree { return true }
    if slots.wrappingAdd(count, ordering: .relaxed).newValue <= Limits.slotsWithSplitMappings { return true }
    slots.wrappingSubtract(count, ordering: .relaxed)
    return false
  }

  /// Returns `count` slots to the budget.
  static func giveBack(_ count: Int, _ platform: any Platform) {
    if !platform.guardsAreFree { slots.wrappingSubtract(count, ordering: .relaxed) }
  }
}

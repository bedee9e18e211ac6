// SPDX-License-Identifier: Apache-2.0
//
// The program's budget of guards that split mappings: all runtimes share what the kernel allows one program.

import Synchronization

/// Counts slots whose guards cost mappings.
enum SplitMappings {
  // Ordering: relaxed; a budget, that orders nothing.
  private static let slots = Atomic<Int>(0)

  /// Whether so many more may be made.
  static func allow(_ count: Int, _ platform: any Platform) -> Bool {
    if platform.guardsAreFree { return true }
    if slots.wrappingAdd(count, ordering: .relaxed).newValue <= Limits.slotsWithSplitMappings { return true }
    slots.wrappingSubtract(count, ordering: .relaxed)
    return false
  }

  /// So many are gone.
  static func giveBack(_ count: Int, _ platform: any Platform) {
    if !platform.guardsAreFree { slots.wrappingSubtract(count, ordering: .relaxed) }
  }
}

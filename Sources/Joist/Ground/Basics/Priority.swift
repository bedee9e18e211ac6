// SPDX-License-Identifier: Apache-2.0
//
// The four priorities.

/// Which queue a ready process waits in.
///
/// Queues are looked at in this order, on every core: a ready `.max` or `.high` process runs before any `.normal` one.
/// A process that waits long moves up, one level at a time and no further than `.high`, until it has run.
public enum Priority: UInt8, Sendable, Hashable, CaseIterable, Comparable {
  case max, high, normal, low

  /// The more urgent is the greater: `.low < .max`.
  public static func < (a: Priority, b: Priority) -> Bool { a.rawValue > b.rawValue }

  /// Whether it is shown to other schedulers: `.max` and `.high`.
  @inline(__always)
  var isUrgent: Bool { rawValue <= Priority.high.rawValue }

  /// Where ageing takes it next: one level up, never to `.max`.
  package var aged: Priority {
    switch self {
    case .low: .normal
    case .normal, .high: .high
    case .max: .max
    }
  }
}

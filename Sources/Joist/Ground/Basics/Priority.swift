// SPDX-License-Identifier: Apache-2.0
//
// The four priorities, which decide the run queue that a ready process waits in.

/// The priority of a process: the queue in which it waits when it is ready.
///
/// Every scheduler serves the queues in this order, and looks at other schedulers' urgent queues, too: a ready `.max`
/// or `.high` process runs before any `.normal` one. A process that waits for long moves up, one level at a time and at
/// most to `.high`, until it has run.
public enum Priority: UInt8, Sendable, Hashable, CaseIterable, Comparable {
  case max, high, normal, low

  /// Orders priorities by urgency: `.low < .max`.
  public static func < (a: Priority, b: Priority) -> Bool { a.rawValue > b.rawValue }

  /// Whether other schedulers are told of ready processes of this priority: true for `.max` and `.high`.
  @inline(__always)
  var isUrgent: Bool { rawValue <= Priority.high.rawValue }

  /// The priority that ageing moves a process to: one level up, but never `.max`.
  package var aged: Priority {
    switch self {
    case .low: .normal
    case .normal, .high: .high
    case .max: .max
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// Where a thread may be interrupted: on a machine anywhere, where threads are simulated at the places that are named
// here. Other threads are not concerned: for them a place is nothing.
// SI1. A place is no part of the code around it: nothing is locked there but what others wait for by `.relinquished`,
//      and nothing that was read from this thread before it is used after it, a process's own scheduler apart.
// SI2. Places between atomic steps are in the code that has no locks, and in debug builds alone.

import CJoist

/// A point in the runtime's code at which a simulated thread may be interrupted.
package enum SchedulePoint: Int32 {
  /// In a call of the runtime.
  case call
  /// While waiting for a lock's owner.
  case relinquished
  /// Between two atomic steps (SI2).
  case step
  /// Before a bounded mailbox admits a message: the thread goes on, and is told whether to find the mailbox full.
  case admission

  // Sound: an address is only compared with null.
  /// Whether this thread is simulated, or carries simulated threads.
  package static var isSimulated: Bool { unsafe joist_thread_schedule_control() != nil }

  // Sound: a thread's control lives as long as the thread, and so does its platform.
  /// The platform that stands for the machine on this thread, where threads are simulated.
  static var platform: (any Platform)? {
    guard let control = unsafe joist_thread_schedule_control(), let it = unsafe control.pointee.platform else {
      return nil
    }
    return unsafe Unmanaged<AnyObject>.fromOpaque(it).takeUnretainedValue() as? any Platform
  }

  // Sound: as above.
  /// Lets another simulated thread run here; does nothing on a thread of the machine.
  ///
  /// Returns whether the simulation makes the point's event happen: at `call`, that the running process yields at its
  /// next suspension point; at `admission`, that the mailbox is full.
  @discardableResult
  package static func reach(_ point: SchedulePoint) -> Bool {
    guard let control = unsafe joist_thread_schedule_control() else { return false }
    return unsafe control.pointee.at(control, point.rawValue)
  }

  #if DEBUG
    /// Reaches `step`, between two atomic steps (SI2).
    @inline(never)
    package static func betweenSteps() { reach(.step) }
  #else
    /// Reaches `step`, between two atomic steps (SI2).
    @inline(__always)
    package static func betweenSteps() {}
  #endif
}

// SPDX-License-Identifier: Apache-2.0
//
// Schedule points: the places at which a simulated thread may be interrupted. A thread of the machine may be
// interrupted anywhere; for it a schedule point does nothing.
// SI1. A schedule point must be safe to switch threads at. No lock is held there, except locks whose waiters wait by
//      `.relinquished`. Nothing that was read from this thread before the point is used after it, except a process's
//      own scheduler.
//
// Schedule points between atomic steps exist only in code without locks, and only in debug builds.

import CJoist

/// A point in the runtime's code at which a simulated thread may be interrupted.
package enum SchedulePoint: Int32 {
  /// In a call of the runtime.
  case call
  /// While waiting for the holder of a lock.
  case relinquished
  /// Between two atomic steps.
  case step
  /// Before a bounded mailbox admits a message: the thread continues, and is told whether to treat the mailbox as full.
  case admission

  // Sound: an address is only compared with null.
  /// Whether this thread is simulated, or carries simulated threads.
  package static var isSimulated: Bool { unsafe joist_thread_schedule_control() != nil }

  // Sound: a thread's control lives as long as the thread, and so does its platform.
  /// The platform that represents the machine on this thread, if it is simulated; otherwise nil.
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
    /// Reaches `step`, between two atomic steps.
    @inline(never)
    package static func betweenSteps() { reach(.step) }
  #else
    /// Does nothing in release builds.
    @inline(__always)
    package static func betweenSteps() {}
  #endif
}

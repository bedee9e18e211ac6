// SPDX-License-Identifier: Apache-2.0
//
// Where a thread may be interrupted: on a machine anywhere, where threads are simulated at the places that are named
// here. Other threads are not concerned: for them a place is nothing.
// SI1. A place is no part of the code around it: nothing is locked there but what others wait for by `.relinquished`,
//      and nothing that was read from this thread before it is used after it, a process's own scheduler apart.
// SI2. Places between atomic steps are in the code that has no locks, and in debug builds alone.

import CJoist

/// A place at which a simulated thread may be interrupted.
package enum Place: Int32 {
  /// In a call of the runtime.
  case call
  /// Waiting for whoever has a lock.
  case relinquished
  /// Between two atomic steps (SI2).
  case step
  /// A bounded mailbox is to let somebody in: not left, but asked whether it is to be full.
  case admission
}

/// The places, as the runtime's own code sees them.
package enum Steering {
  // Sound: an address is only compared with null.
  /// Whether threads are simulated on this one.
  package static var isHere: Bool { unsafe joist_thread_steering() != nil }

  // Sound: what steers a thread lives as long as it does, and so does its platform.
  /// What stands for the machine on this thread, where threads are simulated.
  static var platform: (any Platform)? {
    guard let steering = unsafe joist_thread_steering(), let it = unsafe steering.pointee.platform else { return nil }
    return unsafe Unmanaged<AnyObject>.fromOpaque(it).takeUnretainedValue() as? any Platform
  }

  // Sound: as above.
  /// Another thread may go on here.
  ///
  /// Whether what the place says of itself is to happen: that the process which runs leaves at its next suspension
  /// point, or that the mailbox is full.
  @discardableResult
  package static func reach(_ place: Place) -> Bool {
    guard let steering = unsafe joist_thread_steering() else { return false }
    return unsafe steering.pointee.at(steering, place.rawValue)
  }

  #if DEBUG
    /// Between two atomic steps (SI2).
    @inline(never)
    package static func betweenSteps() { reach(.step) }
  #else
    /// Between two atomic steps (SI2).
    @inline(__always)
    package static func betweenSteps() {}
  #endif
}

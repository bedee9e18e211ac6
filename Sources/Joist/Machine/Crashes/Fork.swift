// SPDX-License-Identifier: Apache-2.0
//
// The child of a fork: it has the one thread that forked and none of the runtime's others, so nothing that the parent's
// processes wait for ever comes. What that thread does before it suspends is its own affair, and usually `exec`.
// FK1. In the child no process goes on but the one that forked. When that suspends or ends the child ends with a
//      sentence; so does whoever waits there for the runtime.

import CJoist
import Synchronization

/// What a runtime does in the child of a fork (FK1).
enum ForkedChild {
  /// Has the child of every fork from now on begin with `begin`.
  static func watch() { joist_forks_watch { ForkedChild.begin() } }

  /// Called in the child on the thread that forked, where little may be done: has the process leave by way of the
  /// scheduler's stack, which looks (HO3).
  // Ordering: no other thread is there.
  fileprivate static func begin() {
    guard let scheduler = Scheduler.current else { return }
    scheduler.it.mayHandOver.store(false, ordering: .relaxed)
    scheduler.it.isStuck.store(true, ordering: .relaxed)
  }

  /// Ends the program if it is the child of a fork.
  @inline(never)
  static func refuse(_ what: String) {
    if joist_is_forked_child() { stopTheProgram("Joist: \(what) in the child of a fork, where no runtime goes on") }
  }
}

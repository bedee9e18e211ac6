// SPDX-License-Identifier: Apache-2.0
//
// The child of a fork. It has only the thread that forked, and none of the runtime's others, so what the parent's
// processes wait for never happens there. In the child no process runs but the one that forked. What that does before
// it suspends is up to it, and usually `exec`. When it suspends or ends, the child ends with a message, as it does when
// it waits for the runtime.

import CJoist
import Synchronization

/// What a runtime does in the child of a fork.
enum ForkedChild {
  /// Makes the child of every fork from now on begin with `begin`.
  static func watch() { joist_forks_watch { ForkedChild.begin() } }

  /// Makes the process leave through the scheduler's stack, where the child ends (HO3).
  ///
  /// Runs in the child on the thread that forked, where little is allowed.
  // Ordering: relaxed. No other thread exists.
  fileprivate static func begin() {
    guard let scheduler = Scheduler.current else { return }
    scheduler.it.mayHandOver.store(false, ordering: .relaxed)
    scheduler.it.isStuck.store(true, ordering: .relaxed)
  }

  /// Stops the program if it is the child of a fork.
  @inline(never)
  static func refuse(_ what: String) {
    if joist_is_forked_child() { stopTheProgram("Joist: \(what) in the child of a fork, where no runtime runs") }
  }
}

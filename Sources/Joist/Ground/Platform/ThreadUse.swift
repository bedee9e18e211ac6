// SPDX-License-Identifier: Apache-2.0
//
// What one thread has had of the machine, as another one sees it.

import CJoist

/// The state of a thread that is seen from another one.
package enum ThreadUse: Equatable, Sendable {
  /// It runs, or would run if the system gave it a processor; for how many nanoseconds it has run in its life.
  case runnable(busy: Int64)
  /// It waits in a system call or for a page; for how many nanoseconds it has run in its life.
  case blocked(busy: Int64)

  /// Nanoseconds on a processor.
  package var busy: Int64 {
    switch self {
    case .runnable(let busy), .blocked(let busy): busy
    }
  }
}

extension Platform {
  package var threadNumber: Int64 { 0 }
  package func use(ofThread number: Int64) -> ThreadUse? { nil }
}

extension HostPlatform {
  package var threadNumber: Int64 { joist_thread_number() }

  /// Two or three system calls: for the watchdog, which asks about threads that seem stuck.
  package func use(ofThread number: Int64) -> ThreadUse? {
    let busy = joist_thread_busy(number)
    if busy < 0 { return nil }
    return joist_thread_is_blocked(number) ? .blocked(busy: busy) : .runnable(busy: busy)
  }
}

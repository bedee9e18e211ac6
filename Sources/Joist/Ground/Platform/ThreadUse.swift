// SPDX-License-Identifier: Apache-2.0
//
// The processor time and state of a thread, as another thread sees them.

import CJoist

/// The state and processor time of a thread, as another thread sees them.
package enum ThreadUse: Equatable, Sendable {
  /// The thread runs, or would run if the system gave it a processor; `busy` is its processor time in nanoseconds.
  case runnable(busy: Int64)
  /// The thread waits in a system call or for a page; `busy` is its processor time in nanoseconds.
  case blocked(busy: Int64)

  /// The nanoseconds that the thread has spent on a processor in its life.
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

  /// Returns the state and processor time of a thread, with two or three system calls.
  ///
  /// For the watchdog, which asks about threads that seem stuck.
  package func use(ofThread number: Int64) -> ThreadUse? {
    let busy = joist_thread_busy(number)
    if busy < 0 { return nil }
    return joist_thread_is_blocked(number) ? .blocked(busy: busy) : .runnable(busy: busy)
  }
}

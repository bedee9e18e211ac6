// SPDX-License-Identifier: Apache-2.0
//
// The free external waiters of a platform. The pool knows only their addresses, because their type belongs to the floor
// above.

import Synchronization

/// Two free lists: the waiters for threads, and those for Swift tasks.
package final class WaiterPool: Sendable {
  private struct Lists {
    private var threads: UInt = 0
    private var tasks: UInt = 0

    /// The first waiter of a list; zero if the list is empty.
    subscript(forTask isForTask: Bool) -> UInt {
      get { isForTask ? tasks : threads }
      set { if isForTask { tasks = newValue } else { threads = newValue } }
    }
  }

  private let free = Mutex(Lists())

  package init() {}

  /// Takes a waiter's address out of a list; nil if the list is empty.
  ///
  /// `next` reads the link of that waiter.
  func take(forTask: Bool, next: (UInt) -> UInt) -> UInt? {
    free.withLock { lists in
      let first = lists[forTask: forTask]
      if first == 0 { return nil }
      lists[forTask: forTask] = next(first)
      return first
    }
  }

  /// Puts a waiter's address at the front of a list.
  ///
  /// `link` stores the old front in that waiter.
  func put(_ waiter: UInt, forTask: Bool, link: (UInt) -> Void) {
    free.withLock { lists in
      link(lists[forTask: forTask])
      lists[forTask: forTask] = waiter
    }
  }
}

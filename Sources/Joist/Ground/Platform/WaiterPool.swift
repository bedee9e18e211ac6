// SPDX-License-Identifier: Apache-2.0
//
// The free external waiters of a platform. The pool knows them by address alone, for what a waiter is belongs to the
// floor above.

import Synchronization

/// Two free lists: the waiters for threads, and those for Swift tasks.
package final class WaiterPool: Sendable {
  private struct Lists {
    var threads: UInt = 0
    var tasks: UInt = 0
  }

  private let free = Mutex(Lists())

  package init() {}

  /// Takes a waiter's address out of a list; nil if the list is empty.
  ///
  /// `next` reads the link of that waiter.
  func take(forTask: Bool, next: (UInt) -> UInt) -> UInt? {
    free.withLock { lists in
      let first = forTask ? lists.tasks : lists.threads
      if first == 0 { return nil }
      if forTask { lists.tasks = next(first) } else { lists.threads = next(first) }
      return first
    }
  }

  /// Puts a waiter's address at the front of a list.
  ///
  /// `link` stores the old front in that waiter.
  func put(_ waiter: UInt, forTask: Bool, link: (UInt) -> Void) {
    free.withLock { lists in
      link(forTask ? lists.tasks : lists.threads)
      if forTask { lists.tasks = waiter } else { lists.threads = waiter }
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// A list of ready processes that any thread may push to without a lock. Two kinds of thread push to a scheduler's list:
// threads that are no scheduler of the runtime, for processes that they make ready, and a spare scheduler that retires,
// for what is left in its queue. The other schedulers put processes into their own queues.
//
// Q5. A thread that takes from the list takes all of it and queues it, oldest first. The scheduler does so at every
//     step. A thief does so if it looks for any work, not for urgent work alone, and finds the victim's queue empty. So
//     a scheduler that is stuck in a process does not hold these processes up.

import Synchronization

/// A stack of ready processes; many threads push to it, and one takes all of it.
package struct RemoteList: ~Copyable {
  private let newest = Atomic<UInt>(0)

  /// Whether the list is empty, at about this moment.
  // Ordering: relaxed, a guess; a reader that must see what was pushed reads behind a fence (Z1, `stopSearching`).
  @inline(__always)
  var isEmptyAtAGuess: Bool { newest.load(ordering: .relaxed) == 0 }

  /// The newest process, while no thread pushes or takes.
  // Ordering: acquiring pairs with the pushes.
  var newestAtRest: ProcessHandle? { Handle(bits: newest.load(ordering: .acquiring)) }

  /// Adds a process.
  // Ordering: releasing publishes the record's fields to the thread that takes the list. Sequentially consistent before
  // the look at `searching`: `stopSearching` has the argument. The first load is only what the exchange expects.
  func push(_ process: ProcessHandle) {
    var old = newest.load(ordering: .relaxed)
    while true {
      process.it.next = Handle(bits: old)
      SchedulePoint.betweenSteps()
      let (done, seen) = newest.weakCompareExchange(
        expected: old,
        desired: process.bits,
        ordering: .sequentiallyConsistent
      )
      if done { return }
      old = seen
    }
  }

  /// Takes all processes, linked from the oldest to the newest.
  // Ordering: acquiring pairs with the pushes. Nothing is published.
  func takeAll() -> ProcessHandle? {
    var newest: ProcessHandle? = Handle(bits: newest.exchange(0, ordering: .acquiring))
    var oldest: ProcessHandle?
    while let process = newest {
      newest = process.it.next
      process.it.next = oldest
      oldest = process
    }
    return oldest
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// Processes made ready by threads that are not this scheduler: a list that any thread may push to without a lock.
// Q5. Whoever takes the list takes all of it and queues it, oldest first. Its scheduler does at every step, a thief
//     when it comes by, so a scheduler that is stuck in a process holds nobody up.

import Synchronization

/// A stack of processes that are ready; pushed by many, emptied whole.
package struct RemoteList: ~Copyable {
  private let newest = Atomic<UInt>(0)

  /// Whether there is nothing, at about this moment.
  // Ordering: relaxed, a guess; where it must see what was pushed it stands behind a fence (Z1, `stopSearching`).
  @inline(__always)
  var isEmptyAtAGuess: Bool { newest.load(ordering: .relaxed) == 0 }

  /// The newest, while nobody pushes or takes.
  // Ordering: acquiring pairs with the pushes.
  var newestAtRest: ProcessHandle? { Handle(bits: newest.load(ordering: .acquiring)) }

  /// Adds one.
  // Ordering: releasing publishes the record's fields to whoever takes the list. Sequentially consistent before the
  // look at `searching`: `stopSearching` has the argument. The first load is only what the exchange expects.
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

  /// Takes all there is, the oldest first.
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

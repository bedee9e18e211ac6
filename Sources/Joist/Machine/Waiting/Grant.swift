// SPDX-License-Identifier: Apache-2.0
//
// What a process stands in line for, so that its end finds it: a process may crash while it waits, for what comes
// meanwhile may run a user's code. Rule WL3.

/// Something that people stand in line for.
protocol WaitQueueOwner: AnyObject {
  /// Whoever had the place has died; the turn, if that was given it, is the next one's.
  func leaveLine(_ place: Handle<QueuedWaiter>, hasTurn: Bool)
}

/// A place in a line, and whose line it is.
struct Grant {
  let giver: any WaitQueueOwner
  let place: Handle<QueuedWaiter>
  /// The turn was given, and has not been made use of.
  var isGiven = false
}

extension Waiter {
  /// Notes what a process stands in line for, until `finish`.
  func stand(_ place: Handle<QueuedWaiter>, for giver: some WaitQueueOwner) {
    if let process { process.extras().it.turn = Grant(giver: giver, place: place) }
  }
}

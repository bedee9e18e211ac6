// SPDX-License-Identifier: Apache-2.0
//
// A line of those who wait for their turn, first come, first served. Its owner's lock guards it.
// WL1. A place belongs to who waits in it: it makes it and frees it. Others only take it out of the line, and read its
//      ticket under the lock.
// WL2. Who takes a place out answers its ticket after the lock is let go. If that fails, its owner has given up, and
//      the turn is the next one's.
// WL3. What a process stands in line for is noted in its extras: if it dies in the line, its end leaves the place, and
//      gives back the turn that it was given just then.

/// One place in a line (WL1).
struct QueuedWaiter: ~Copyable {
  let ticket: WaitTicket
  /// What it waits for so much of.
  let amount: Int
  /// Of who waits, in a lock's line (PI2); threads count as `.normal`.
  var priority = Priority.normal
  fileprivate var next: Handle<QueuedWaiter>?
  fileprivate var previous: Handle<QueuedWaiter>?
  fileprivate var isListed = false

  init(_ ticket: WaitTicket, amount: Int) {
    self.ticket = ticket
    self.amount = amount
  }
}

/// The line.
struct WaitQueue {
  private(set) var first: Handle<QueuedWaiter>?
  private var last: Handle<QueuedWaiter>?

  var isEmpty: Bool { first == nil }

  /// A place at the end.
  mutating func append(_ place: Handle<QueuedWaiter>) {
    place.it.isListed = true
    place.it.previous = last
    if let last { last.it.next = place } else { first = place }
    last = place
  }

  /// Takes a place out; false if it is not in any more.
  @discardableResult
  mutating func remove(_ place: Handle<QueuedWaiter>) -> Bool {
    guard place.it.isListed else { return false }
    place.it.isListed = false
    let next = place.it.next
    let previous = place.it.previous
    if let next { next.it.previous = previous } else { last = previous }
    if let previous { previous.it.next = next } else { first = next }
    return true
  }

  /// Takes the first place out, for the caller to answer (WL2).
  mutating func popFirst() -> (ticket: WaitTicket, amount: Int)? {
    guard let place = first else { return nil }
    remove(place)
    return (place.it.ticket, place.it.amount)
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// A queue of waiters, served in the order in which they came. The lock of the queue's owner guards it.
//
// A node belongs to its waiter, which allocates and frees it. Other threads only take it out of the queue, and read its
// ticket under the lock. A thread that takes a node out answers the node's ticket after it has released the lock. If
// that fails, the waiter has given up, and the grant goes to the next one.
//
// WL3. A process notes in its extras in which queue it waits. If it dies while it waits, its end leaves the queue, and
//      gives back what it was granted just before.

/// A waiter's node in a wait queue.
struct QueuedWaiter: ~Copyable {
  let ticket: WaitTicket
  /// The amount that it waits for: the bytes of a message, or one.
  let amount: Int
  /// The waiter's priority, in the queue of a lock (PI2); `.normal` for a thread.
  var priority = Priority.normal
  fileprivate var next: Handle<QueuedWaiter>?
  fileprivate var previous: Handle<QueuedWaiter>?
  fileprivate var isListed = false

  init(_ ticket: WaitTicket, amount: Int) {
    self.ticket = ticket
    self.amount = amount
  }
}

/// A queue of waiters, linked through their nodes.
struct WaitQueue {
  private(set) var first: Handle<QueuedWaiter>?
  private var last: Handle<QueuedWaiter>?

  var isEmpty: Bool { first == nil }

  /// Appends a node.
  mutating func append(_ node: Handle<QueuedWaiter>) {
    node.it.isListed = true
    node.it.previous = last
    if let last { last.it.next = node } else { first = node }
    last = node
  }

  /// Takes a node out; returns false if it was not in the queue any more.
  @discardableResult
  mutating func remove(_ node: Handle<QueuedWaiter>) -> Bool {
    guard node.it.isListed else { return false }
    node.it.isListed = false
    let next = node.it.next
    let previous = node.it.previous
    if let next { next.it.previous = previous } else { last = previous }
    if let previous { previous.it.next = next } else { first = next }
    return true
  }

  /// Takes the first node out and returns its ticket, which the caller answers after it has released the lock.
  mutating func popFirst() -> (ticket: WaitTicket, amount: Int)? {
    guard let node = first else { return nil }
    remove(node)
    return (node.it.ticket, node.it.amount)
  }
}

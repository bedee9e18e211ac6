// SPDX-License-Identifier: Apache-2.0
//
// A fixed number of parties that wait for each other, round after round. The last party to arrive takes all others out
// of the queue, under the lock, so the next round begins with an empty queue. A party that leaves, because it is told
// to exit or its timeout passes, takes its arrival back, unless the round was completed at that moment.

/// A point at which a fixed number of parties wait for each other, again and again.
///
/// A process that waits is parked; a thread that waits sleeps. If a party leaves before its round is complete, the
/// others wait for another one. Use a timeout where parties may die.
public final class ProcessBarrier: Sendable {
  /// The number of parties that complete a round.
  public let parties: Int
  private let state: Handle<State>

  private struct State: ~Copyable {
    let lock = SpinLock()
    var arrived = 0
    var queue = WaitQueue()
  }

  /// The way in which a wait ended.
  public enum Arrival: Sendable, Hashable {
    /// The round is complete, and this party arrived last: one party in each round.
    case last
    /// The round is complete.
    case together
    /// The timeout passed first; this party does not count any more.
    case timedOut
  }

  /// Creates a barrier for a number of parties; a number below one is a fatal error.
  public init(parties: Int) {
    guard parties > 0 else { fatalError("Joist: a barrier cannot have \(parties) parties") }
    self.parties = parties
    state = .allocate(State())
  }

  deinit { state.free() }

  /// Arrives at the barrier, and waits until the round is complete.
  ///
  /// Allocates a little. A party whose wait ends early does not count any more.
  ///
  /// - Parameter timeout: The longest time to wait; nil waits forever.
  /// - Returns: How the wait ended; `.last` for one party of each round.
  /// - Throws: ``ProcessExit`` if the process is told to exit while it waits.
  @available(*, noasync, message: "it holds the thread; ask a process with `await ref.call` instead")
  @discardableResult
  public func wait(timeout: Duration? = nil) throws(ProcessExit) -> Arrival {
    Scheduler.beginCall()
    let waiter = Waiter.here()
    var others: [WaitTicket] = []
    let outcome = waiter.waitInQueue(of: self, timeout: timeout) { node in completeRound(&others, orEnqueue: node) }
    if case .immediate = outcome {
      for ticket in others { _ = ticket.answer(.granted, from: Scheduler.current) }
      return .last
    }
    try waiter.throwIfToldToExit()
    if case .left(wasQueued: true) = outcome { return .timedOut }
    return .together
  }

  /// Takes the other parties out of the queue if this one is the last to arrive; otherwise appends the node and returns
  /// false.
  private func completeRound(_ others: inout [WaitTicket], orEnqueue node: Handle<QueuedWaiter>) -> Bool {
    while true {
      var isLast = false
      let isDone = state.it.lock.withLock {
        isLast = state.it.arrived + 1 == parties
        if isLast {
          guard others.capacity >= state.it.arrived else { return false }
          state.it.arrived = 0
          while let next = state.it.queue.popFirst() { others.append(next.ticket) }
        } else {
          state.it.arrived += 1
          node.it.ticket.open()
          state.it.queue.append(node)
        }
        return true
      }
      if isDone { return isLast }
      // Without the lock, because malloc may fail.
      others.reserveCapacity(parties)
    }
  }
}

extension ProcessBarrier: WaitQueueOwner {
  func leaveQueue(_ node: Handle<QueuedWaiter>, isGranted: Bool) -> Bool {
    state.it.lock.withLock {
      guard state.it.queue.remove(node) else { return false }
      state.it.arrived -= 1
      return true
    }
  }
}

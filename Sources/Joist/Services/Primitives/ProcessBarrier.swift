// SPDX-License-Identifier: Apache-2.0
//
// A number of parties that wait for each other, round after round.
// BR1. The last to arrive takes everybody out of the line, under the lock: the next round begins with an empty one.
// BR2. Who leaves, told to exit or out of time, takes its arrival back, unless the round was complete just then.

/// A place where so many parties wait until all are there, and then go on together; again and again.
///
/// A party that leaves is missing then: the others wait for another. Give `wait` a time where parties may die.
public final class ProcessBarrier: Sendable {
  /// How many make a round.
  public let parties: Int
  private let state: Handle<State>

  private struct State: ~Copyable {
    let lock = SpinLock()
    var arrived = 0
    var line = WaitQueue()
  }

  /// How a wait ended.
  public enum Arrival: Sendable, Hashable {
    /// All are there, and this was the last: one in each round.
    case last
    /// All are there.
    case together
    /// The time was over first; this party does not count any more.
    case timedOut
  }

  /// For so many parties; fewer than one stop the program with a sentence.
  public init(parties: Int) {
    guard parties > 0 else { fatalError("Joist: a barrier cannot have \(parties) parties") }
    self.parties = parties
    state = .allocate(State())
  }

  deinit { state.free() }

  /// Waits until all are there.
  ///
  /// Throws when the process is told to exit; it does not count any more then.
  @available(*, noasync, message: "it holds the thread; ask a process with `await ref.call` instead")
  @discardableResult
  public func wait(timeout: Duration? = nil) throws(ProcessExit) -> Arrival {
    Scheduler.beginCall()
    let waiter = Waiter.here()
    let place = Handle<QueuedWaiter>.allocate(QueuedWaiter(waiter.ticket, amount: 1))
    defer {
      place.free()
      waiter.finish()
    }
    waiter.stand(place, for: self)
    if let round = arrive(place) {
      for ticket in round { _ = ticket.answer(.granted, from: Scheduler.current) }
      return .last
    }
    let answer = waiter.wait(.turn, until: waiter.deadline(after: timeout))
    let isMissing = answer == nil && leave(place)
    try waiter.throwIfToldToExit()
    return isMissing ? .timedOut : .together
  }

  /// Stands in line; the last to arrive gets the others instead (BR1).
  private func arrive(_ place: Handle<QueuedWaiter>) -> [WaitTicket]? {
    var round: [WaitTicket] = []
    while true {
      var isLast = false
      let isDone = state.it.lock.withLock {
        isLast = state.it.arrived + 1 == parties
        if isLast {
          guard round.capacity >= state.it.arrived else { return false }
          state.it.arrived = 0
          while let next = state.it.line.popFirst() { round.append(next.ticket) }
        } else {
          state.it.arrived += 1
          place.it.ticket.open()
          state.it.line.append(place)
        }
        return true
      }
      if isDone { return isLast ? round : nil }
      // Not under the lock, for malloc may fail.
      round.reserveCapacity(parties)
    }
  }

  /// Takes an arrival back; false when the round was complete (BR2).
  private func leave(_ place: Handle<QueuedWaiter>) -> Bool {
    state.it.lock.withLock {
      guard state.it.line.remove(place) else { return false }
      state.it.arrived -= 1
      return true
    }
  }
}

extension ProcessBarrier: WaitQueueOwner {
  func leaveLine(_ place: Handle<QueuedWaiter>, hasTurn: Bool) { _ = leave(place) }
}

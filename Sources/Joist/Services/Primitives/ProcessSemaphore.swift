// SPDX-License-Identifier: Apache-2.0
//
// Permits: taken, given back, waited for in line.
// SM1. A permit that is given back while somebody waits is the first one's before it is told. So nobody overtakes those
//      in line.
// SM2. Who leaves with a permit that it was given just then gives it back.

/// Permits that processes and threads take and give back; who finds none waits, first come, first served.
///
/// A process that waits is parked and its scheduler goes on; a thread sleeps.
///
/// `withPermit` gives its permit back however its body ends: also when its process crashes, or is killed and abandoned,
/// or a closure of `blocking` crashes in it. A permit that `acquire` has taken is nobody's, and may be released by
/// anybody: whoever ends without that has lost it.
public final class ProcessSemaphore: Sendable {
  private let state: Handle<State>

  private struct State: ~Copyable {
    let lock = SpinLock()
    var permits: Int
    var line = WaitQueue()

    init(permits: Int) { self.permits = permits }
  }

  /// With so many permits, from zero on; a negative number stops the program with a sentence.
  public init(permits: Int) {
    guard permits >= 0 else { fatalError("Joist: a semaphore cannot have \(permits) permits") }
    state = .allocate(State(permits: permits))
  }

  deinit { state.free() }

  /// Takes a permit, waiting for one.
  ///
  /// Allocates only when it waits. Throws when the process is told to exit meanwhile.
  @available(*, noasync, message: "it holds the thread; ask a process with `await ref.call` instead")
  public func acquire() throws(ProcessExit) { _ = try wait(nil) }

  /// As above, for so long at most; false when there was none.
  @available(*, noasync, message: "it holds the thread; ask a process with `await ref.call` instead")
  public func acquire(timeout: Duration) throws(ProcessExit) -> Bool { try wait(timeout) }

  /// Takes a permit if there is one; never waits.
  public func tryAcquire() -> Bool {
    Scheduler.beginCall()
    return take(orStandIn: nil, with: nil)
  }

  /// Gives a permit back, or adds one.
  public func release() {
    Scheduler.beginCall()
    passAlong()
  }

  /// Gives a permit back, where the caller may not end in between.
  func passAlong() {
    while let ticket = passOn() {
      if ticket.answer(.granted, from: Scheduler.current) { return }
    }
  }

  /// Runs the body with a permit, waiting for one.
  ///
  /// The permit comes back however the body ends. Throws what the body throws, or ``ProcessExit`` when the process is
  /// told to exit while it waits. Allocates when a process takes its first permit so.
  @available(*, noasync, message: "it holds the thread; ask a process with `await ref.call` instead")
  public func withPermit<Result: ~Copyable>(_ body: () throws -> Result) throws -> Result {
    let holder = Holder.here
    holder.withHoldings { $0.makeRoomForPermit() }
    try acquire()
    holder.withHoldings { $0.add(self) }
    defer {
      // It may end the process, which gives the permit back then.
      Scheduler.beginCall()
      holder.withHoldings { $0.remove(self) }
      passAlong()
    }
    return try body()
  }

  /// The first in line, whose the permit is now (SM1); without one it is free.
  private func passOn() -> WaitTicket? {
    state.it.lock.withLock {
      let first = state.it.line.popFirst()
      if first == nil { state.it.permits += 1 }
      return first?.ticket
    }
  }

  /// Takes a free permit, or a place in line where one was brought.
  private func take(orStandIn place: Handle<QueuedWaiter>?, with ticket: WaitTicket?) -> Bool {
    state.it.lock.withLock {
      if state.it.permits > 0 {
        state.it.permits -= 1
        return true
      }
      ticket?.open()
      if let place { state.it.line.append(place) }
      return false
    }
  }

  private func wait(_ timeout: Duration?) throws(ProcessExit) -> Bool {
    if tryAcquire() { return true }
    let waiter = Waiter.here()
    let place = Handle<QueuedWaiter>.allocate(QueuedWaiter(waiter.ticket, amount: 1))
    defer {
      place.free()
      waiter.finish()
    }
    waiter.stand(place, for: self)
    if take(orStandIn: place, with: waiter.ticket) { return true }
    let answer = waiter.wait(.turn, until: waiter.deadline(after: timeout))
    if answer == nil { state.it.lock.withLock { _ = state.it.line.remove(place) } }
    if answer != nil && waiter.isToldToExit { passAlong() }  // SM2
    try waiter.throwIfToldToExit()
    return answer != nil
  }
}

extension ProcessSemaphore: WaitQueueOwner, PermitGiver {
  func leaveLine(_ place: Handle<QueuedWaiter>, hasTurn: Bool) {
    state.it.lock.withLock { _ = state.it.line.remove(place) }
    if hasTurn { passAlong() }
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// Permits that are taken, given back, and waited for in a queue. A permit that is given back while there are waiters
// belongs to the first one before that is woken, so no newcomer overtakes a waiter. A process that gets a permit at the
// same moment as an exit signal gives the permit back.

/// A number of permits that processes and threads take and give back; without a free permit they wait, first come,
/// first served.
///
/// A process that waits is parked, and its scheduler runs others; a thread that waits sleeps.
///
/// ``withPermit(_:)`` gives its permit back however its body ends: also if its process crashes, or is killed and
/// abandoned, or if a closure of `blocking` crashes in it. A permit that ``acquire()`` has taken has no owner: any
/// process or thread may release it, and it is lost if none does.
public final class ProcessSemaphore: Sendable {
  private let state: Handle<State>

  private struct State: ~Copyable {
    let lock = SpinLock()
    var permits: Int
    var queue = WaitQueue()

    init(permits: Int) { self.permits = permits }
  }

  /// Creates a semaphore with a number of free permits, which may be zero; a negative number is a fatal error.
  public init(permits: Int) {
    guard permits >= 0 else { fatalError("Joist: a semaphore cannot have \(permits) permits") }
    state = .allocate(State(permits: permits))
  }

  deinit { state.free() }

  /// Takes a permit, and waits until there is one.
  ///
  /// Allocates only if it waits.
  ///
  /// - Throws: ``ProcessExit`` if the process is told to exit while it waits.
  @available(*, noasync, message: "it holds the thread; ask a process with `await ref.call` instead")
  public func acquire() throws(ProcessExit) { _ = try wait(nil) }

  /// Takes a permit, and waits for at most `timeout` until there is one.
  ///
  /// Allocates only if it waits.
  ///
  /// - Returns: Whether it took a permit.
  /// - Throws: ``ProcessExit`` if the process is told to exit while it waits.
  @available(*, noasync, message: "it holds the thread; ask a process with `await ref.call` instead")
  public func acquire(timeout: Duration) throws(ProcessExit) -> Bool { try wait(timeout) }

  /// Takes a permit if one is free, and returns whether it did; never waits.
  public func tryAcquire() -> Bool {
    Scheduler.beginCall()
    return take(orEnqueue: nil)
  }

  /// Gives a permit back, or adds one; never waits.
  public func release() {
    Scheduler.beginCall()
    passAlong()
  }

  /// Gives a permit to the first waiter, or makes it free; for callers that must not be interrupted before they do so.
  func passAlong() {
    while let ticket = passOn() {
      if ticket.answer(.granted, from: Scheduler.current) { return }
    }
  }

  /// Runs the body with a permit, and waits until there is one.
  ///
  /// The permit is given back however the body ends. Allocates when a process takes its first permit in this way, and
  /// if it waits.
  ///
  /// - Throws: What the body throws, or ``ProcessExit`` if the process is told to exit while it waits.
  @available(*, noasync, message: "it holds the thread; ask a process with `await ref.call` instead")
  public func withPermit<Result: ~Copyable>(_ body: () throws -> Result) throws -> Result {
    let holder = Holder.here
    holder.withHoldings { $0.makeRoomForPermit() }
    try acquire()
    holder.withHoldings { $0.add(self) }
    defer {
      // This call may end the process, whose end then gives the permit back.
      Scheduler.beginCall()
      holder.withHoldings { $0.remove(self) }
      passAlong()
    }
    return try body()
  }

  /// Takes the first waiter, which gets the permit, out of the queue; frees the permit and returns nil if there is
  /// none.
  private func passOn() -> WaitTicket? {
    state.it.lock.withLock {
      let first = state.it.queue.popFirst()
      if first == nil { state.it.permits += 1 }
      return first?.ticket
    }
  }

  /// Takes a free permit; if there is none, appends the node to the queue, if one is given, and returns false.
  private func take(orEnqueue node: Handle<QueuedWaiter>?) -> Bool {
    state.it.lock.withLock {
      if state.it.permits > 0 {
        state.it.permits -= 1
        return true
      }
      if let node {
        node.it.ticket.open()
        state.it.queue.append(node)
      }
      return false
    }
  }

  private func wait(_ timeout: Duration?) throws(ProcessExit) -> Bool {
    if tryAcquire() { return true }
    let waiter = Waiter.here()
    switch waiter.waitInQueue(of: self, timeout: timeout, takeOrEnqueue: { take(orEnqueue: $0) }) {
    case .immediate: return true
    case .granted:
      if waiter.isToldToExit { passAlong() }
      try waiter.throwIfToldToExit()
      return true
    case .left:
      try waiter.throwIfToldToExit()
      return false
    }
  }
}

extension ProcessSemaphore: WaitQueueOwner, PermitGiver {
  func leaveQueue(_ node: Handle<QueuedWaiter>, isGranted: Bool) -> Bool {
    let wasQueued = state.it.lock.withLock { state.it.queue.remove(node) }
    if isGranted { passAlong() }
    return wasQueued
  }
}

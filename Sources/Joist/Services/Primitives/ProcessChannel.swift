// SPDX-License-Identifier: Apache-2.0
//
// A bounded queue between processes and threads: a ring of elements, with a semaphore for the room in it and one for
// what is in it.
// CH1. Who has a permit for room puts an element in and gives a permit for an element; who has one of those takes an
//      element out and gives one for room. So each waits in line, and the ring is never too full or too empty.
// CH2. A closed channel has one permit more of each. Who gets it and finds the channel closed, or closed and empty,
//      passes it on.
// CH3. Between taking a permit and giving one nothing can end the process: no call looks for room on the stack (FA3),
//      and an element that the channel does not take is destroyed after that, for its `deinit` may trap.

/// A bounded queue between processes and threads.
///
/// First come, first served on both ends. A process that waits is parked; a thread sleeps. An element is moved, and is
/// destroyed with the channel if nobody received it.
public final class ProcessChannel<Element: ~Copyable>: Sendable {
  private let ring: Ring<Element>
  private let room: ProcessSemaphore
  private let elements = ProcessSemaphore(permits: 0)

  /// Room for so many: 1 to 16,777,216; others stop the program with a sentence.
  public init(capacity: Int) {
    guard (1...1 << 24).contains(capacity) else {
      fatalError("Joist: a channel's capacity is \(capacity), and must be from 1 to \(1 << 24)")
    }
    ring = Ring(capacity: capacity)
    room = ProcessSemaphore(permits: capacity)
  }

  /// How many elements are in it.
  public var count: Int { ring.count }

  /// Whether it takes no more.
  public var isClosed: Bool { ring.isClosed }

  /// Moves an element in, waiting while it is full.
  ///
  /// Throws ``ChannelClosed``, or ``ProcessExit`` when the process is told to exit; the element is destroyed then.
  @available(*, noasync, message: "it holds the thread; ask a process with `await ref.call` instead")
  public func send(_ element: consuming sending Element) throws {
    try room.acquire()
    try put(element)
  }

  /// As above, for so long at most; false when it was full all the time, and the element is destroyed.
  @available(*, noasync, message: "it holds the thread; ask a process with `await ref.call` instead")
  public func send(_ element: consuming sending Element, timeout: Duration) throws -> Bool {
    guard try room.acquire(timeout: timeout) else { return false }
    try put(element)
    return true
  }

  /// Moves an element in if there is room; never waits.
  public func trySend(_ element: consuming sending Element) throws(ChannelClosed) -> Bool {
    if isClosed { throw ChannelClosed() }
    guard room.tryAcquire() else { return false }
    try put(element)
    return true
  }

  /// Moves the oldest element out, waiting while there is none; nil when the channel is closed and empty.
  ///
  /// Throws when the process is told to exit.
  @available(*, noasync, message: "it holds the thread; ask a process with `await ref.call` instead")
  public func receive() throws(ProcessExit) -> sending Element? {
    try elements.acquire()
    return take()
  }

  /// As above, for so long at most; nil also when none came in time.
  @available(*, noasync, message: "it holds the thread; ask a process with `await ref.call` instead")
  public func receive(timeout: Duration) throws(ProcessExit) -> sending Element? {
    guard try elements.acquire(timeout: timeout) else { return nil }
    return take()
  }

  /// Moves the oldest element out if there is one; never waits.
  public func tryReceive() -> sending Element? {
    elements.tryAcquire() ? take() : nil
  }

  /// Takes no more; what is in it may still be received.
  ///
  /// Everybody who waits is told.
  public func close() {
    Scheduler.beginCall()
    guard ring.close() else { return }
    room.passAlong()
    elements.passAlong()
  }

  private func put(_ element: consuming sending Element) throws(ChannelClosed) {
    guard let refused = ring.put(element) else { return elements.passAlong() }
    room.passAlong()  // CH2
    discard(refused)  // CH3
    throw ChannelClosed()
  }

  private func take() -> sending Element? {
    guard let element = ring.take() else {
      elements.passAlong()  // CH2
      return nil
    }
    room.passAlong()
    return element
  }
}

/// Destroys a value here and not before.
private func discard<Value: ~Copyable>(_ value: consuming Value) {}

/// Thrown by a send into a channel that was closed.
public struct ChannelClosed: Error, Hashable, CustomStringConvertible {
  /// One sentence.
  public var description: String { "the channel is closed" }
}

// SPDX-License-Identifier: Apache-2.0
//
// A bounded queue between processes and threads: a ring of elements, with one semaphore that counts the free slots of
// the ring and one that counts its elements.
// CH1. A sender takes a permit for a free slot, puts its element in, and gives a permit for an element. A receiver
//      takes a permit for an element, takes the element out, and gives a permit for a free slot. So both wait in order,
//      and the ring never overflows.
//
// A closed channel has one extra permit of each kind. A sender that gets one and finds the channel closed passes it on;
// so does a receiver that finds the channel closed and empty. In that way all waiters are told, one after the other.
//
// Between taking a permit and giving one nothing can end the process: none of these calls checks the space on the stack
// (FA3), and an element that a closed channel does not accept is destroyed only afterwards, because its `deinit` may
// trap.

/// A bounded queue between processes and threads.
///
/// Senders and receivers are served in the order in which they came. A process that waits is parked; a thread that
/// waits sleeps. Elements are moved, not copied, and those that were not received are destroyed with the channel.
public final class ProcessChannel<Element: ~Copyable>: Sendable {
  private let ring: Ring<Element>
  private let freeSlots: ProcessSemaphore
  private let elements = ProcessSemaphore(permits: 0)

  /// Creates a channel for at most `capacity` elements, from 1 to 16,777,216; any other number is a fatal error.
  public init(capacity: Int) {
    guard (1...1 << 24).contains(capacity) else {
      fatalError("Joist: a channel's capacity is \(capacity), and must be from 1 to \(1 << 24)")
    }
    ring = Ring(capacity: capacity)
    freeSlots = ProcessSemaphore(permits: capacity)
  }

  /// The number of elements in the channel; may be out of date at once.
  public var count: Int { ring.count }

  /// Whether the channel was closed, and accepts no more elements.
  public var isClosed: Bool { ring.isClosed }

  /// Moves an element into the channel, and waits while that is full.
  ///
  /// - Throws: ``ChannelClosed`` if the channel is closed, or ``ProcessExit`` if the process is told to exit while it
  ///   waits; the element is destroyed then.
  @available(*, noasync, message: "it holds the thread; ask a process with `await ref.call` instead")
  public func send(_ element: consuming sending Element) throws {
    try freeSlots.acquire()
    try put(element)
  }

  /// Moves an element into the channel, and waits for at most `timeout` while that is full.
  ///
  /// - Returns: Whether the element was sent; an element that was not sent is destroyed.
  /// - Throws: ``ChannelClosed`` if the channel is closed, or ``ProcessExit`` if the process is told to exit while it
  ///   waits; the element is destroyed then.
  @available(*, noasync, message: "it holds the thread; ask a process with `await ref.call` instead")
  public func send(_ element: consuming sending Element, timeout: Duration) throws -> Bool {
    guard try freeSlots.acquire(timeout: timeout) else { return false }
    try put(element)
    return true
  }

  /// Moves an element into the channel if that is not full; never waits.
  ///
  /// - Returns: Whether the element was sent; an element that was not sent is destroyed.
  /// - Throws: ``ChannelClosed`` if the channel is closed; the element is destroyed then.
  public func trySend(_ element: consuming sending Element) throws(ChannelClosed) -> Bool {
    if isClosed { throw ChannelClosed() }
    guard freeSlots.tryAcquire() else { return false }
    try put(element)
    return true
  }

  /// Moves the oldest element out of the channel, and waits while there is none.
  ///
  /// - Returns: The element; nil if the channel is closed and empty.
  /// - Throws: ``ProcessExit`` if the process is told to exit while it waits.
  @available(*, noasync, message: "it holds the thread; ask a process with `await ref.call` instead")
  public func receive() throws(ProcessExit) -> sending Element? {
    try elements.acquire()
    return take()
  }

  /// Moves the oldest element out of the channel, and waits for at most `timeout` while there is none.
  ///
  /// - Returns: The element; nil if the channel is closed and empty, or none came in time.
  /// - Throws: ``ProcessExit`` if the process is told to exit while it waits.
  @available(*, noasync, message: "it holds the thread; ask a process with `await ref.call` instead")
  public func receive(timeout: Duration) throws(ProcessExit) -> sending Element? {
    guard try elements.acquire(timeout: timeout) else { return nil }
    return take()
  }

  /// Moves the oldest element out of the channel, or returns nil if there is none; never waits.
  public func tryReceive() -> sending Element? {
    elements.tryAcquire() ? take() : nil
  }

  /// Closes the channel: it accepts no more elements, and those in it can still be received.
  ///
  /// Senders and receivers that wait are told. Has no effect on a closed channel.
  public func close() {
    Scheduler.beginCall()
    guard ring.close() else { return }
    freeSlots.passAlong()
    elements.passAlong()
  }

  private func put(_ element: consuming sending Element) throws(ChannelClosed) {
    Scheduler.current?.it.running?.noteHandOn()
    guard let refused = ring.put(element) else { return elements.passAlong() }
    freeSlots.passAlong()  // the extra permit
    discard(refused)
    throw ChannelClosed()
  }

  private func take() -> sending Element? {
    guard let element = ring.take() else {
      elements.passAlong()  // the extra permit
      return nil
    }
    freeSlots.passAlong()
    return element
  }
}

/// Destroys a value, at this point of the caller's code and not before.
private func discard<Value: ~Copyable>(_ value: consuming Value) {}

/// The error that a send to a closed channel throws.
public struct ChannelClosed: Error, Hashable, CustomStringConvertible {
  /// A description of the error in one sentence.
  public var description: String { "the channel is closed" }
}

// SPDX-License-Identifier: Apache-2.0
//
// The public interface to timers: messages that are sent later, from a process or from any thread.

extension ProcessContext where Message: ~Copyable {
  /// Sends a message to a process after a delay.
  ///
  /// The message arrives up to 131 µs late by design, and later if its scheduler is busy. The clock stops while the
  /// machine sleeps. A delay of zero or less sends as soon as possible. A delay beyond the clock's range waits forever.
  ///
  /// The timer outlives this process and ends with its receiver. If the receiver ends before the message is due, the
  /// message is destroyed there. If the receiver has ended already, the message is dropped and counted at once, like
  /// any message. A mailbox that is full when the message is due drops it, too, because a timer never waits.
  ///
  /// This function does not park or block. It allocates only if more timers are armed than ever before.
  ///
  /// - Parameters:
  ///   - delay: The time from now until the message is sent.
  ///   - ref: The receiver.
  ///   - message: The message, which is moved.
  /// - Returns: The timer, for ``cancel(_:)`` and ``remaining(_:)``.
  @inlinable @discardableResult
  public func sendAfter<M: ~Copyable>(
    _ delay: Duration,
    to ref: ProcessRef<M>,
    _ message: consuming sending M
  ) -> TimerID { core.sendAfter(delay, to: ref, message) }

  /// Sends a new message to a process at every interval, the first after one interval.
  ///
  /// The receiver runs the closure when it takes the message in. The closure must not wait. The times are on a grid
  /// that does not drift. A time that is missed because everything was late is not made up for. The timer ends with the
  /// receiver or by ``cancel(_:)``. A runtime with such a timer is not idle.
  ///
  /// - Parameters:
  ///   - interval: The time between two messages; an interval of less than 131 µs counts as 131 µs.
  ///   - ref: The receiver.
  ///   - message: Makes a message.
  /// - Returns: The timer, for ``cancel(_:)`` and ``remaining(_:)``.
  @inlinable @discardableResult
  public func sendEvery<M: ~Copyable>(
    _ interval: Duration,
    to ref: ProcessRef<M>,
    making message: @escaping @Sendable () -> M
  ) -> TimerID { core.sendEvery(interval, to: ref, making: message) }

  /// Cancels a timer, regardless of the process or thread that armed it.
  ///
  /// The timer sends nothing afterwards. What it has sent before may still be in a mailbox.
  ///
  /// - Returns: The time that the timer had left, at most the delay that was asked for, and zero if it is late; nil if
  ///   it has fired or was cancelled before.
  @discardableResult
  public func cancel(_ timer: TimerID) -> Duration? { core.cancel(timer) }

  /// Returns the time that a timer has left, at most the delay that was asked for; nil if it has fired or was
  /// cancelled.
  public func remaining(_ timer: TimerID) -> Duration? { core.remaining(timer) }
}

extension ProcessRuntime {
  /// Sends a message to a process after a delay, as ``ProcessContext/sendAfter(_:to:_:)`` does, from any thread.
  @inlinable @discardableResult
  public func sendAfter<M: ~Copyable>(
    _ delay: Duration,
    to ref: ProcessRef<M>,
    _ message: consuming sending M
  ) -> TimerID { core.sendAfter(delay, to: ref, message) }

  /// Sends a new message at every interval, as ``ProcessContext/sendEvery(_:to:making:)`` does, from any thread.
  @inlinable @discardableResult
  public func sendEvery<M: ~Copyable>(
    _ interval: Duration,
    to ref: ProcessRef<M>,
    making message: @escaping @Sendable () -> M
  ) -> TimerID { core.sendEvery(interval, to: ref, making: message) }

  /// Cancels a timer, as ``ProcessContext/cancel(_:)`` does, from any thread.
  @discardableResult
  public func cancel(_ timer: TimerID) -> Duration? { core.cancel(timer) }

  /// Returns the time that a timer has left, as ``ProcessContext/remaining(_:)`` does, from any thread.
  public func remaining(_ timer: TimerID) -> Duration? { core.remaining(timer) }
}

extension Handle<RuntimeCore> {
  /// Sends a message after a delay: the one body of both public functions.
  @inlinable
  func sendAfter<M: ~Copyable>(
    _ delay: Duration,
    to ref: ProcessRef<M>,
    _ message: consuming sending M
  ) -> TimerID {
    let delivery = Delivery.begin(M.self)
    delivery.put(message)
    return sendLater(delivery, ref.record, ref.id, after: delay)
  }

  /// Sends a new message at every interval: the one body of both public functions.
  @inlinable
  func sendEvery<M: ~Copyable>(
    _ interval: Duration,
    to ref: ProcessRef<M>,
    making message: @escaping @Sendable () -> M
  ) -> TimerID { sendRepeatedly(MessageMaker(message), ref.record, ref.id, every: interval) }

  @usableFromInline
  func sendLater(
    _ delivery: Delivery,
    _ target: Handle<ProcessRecord>?,
    _ id: ProcessID,
    after delay: Duration
  ) -> TimerID {
    guard let target, !it.shutdown.isRefusing else {
      delivery.node.discard()
      return TimerID(timer: nil, number: 0)
    }
    return arm({ $0.it.node = delivery.node }, to: target, id, after: delay)
  }

  @usableFromInline
  func sendRepeatedly(
    _ maker: MessageMaker,
    _ target: Handle<ProcessRecord>?,
    _ id: ProcessID,
    every interval: Duration
  ) -> TimerID {
    guard let target, !it.shutdown.isRefusing else { return TimerID(timer: nil, number: 0) }
    let nanoseconds = max(interval.clampedNanoseconds, TimerWheel.tickNanoseconds)
    return arm({ $0.it.maker = maker }, to: target, id, after: .nanoseconds(nanoseconds), every: nanoseconds)
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// Messages that are sent later.

extension ProcessContext where Message: ~Copyable {
  /// Moves a message to a process when the time has come: up to 131 µs late by design, and as late as a busy scheduler
  /// is.
  ///
  /// It outlives this process and goes with its receiver: when that ends first, the message is destroyed there. To one
  /// that has ended before: dropped and counted at once, like any message; so it is by a full mailbox at its time, for
  /// a timer never waits.
  ///
  /// Time is what the machine is awake: it does not go on while the machine sleeps. A delay of zero
  /// or less is now; centuries are for ever. Does not block; allocates only when there are more timers than ever.
  @inlinable @discardableResult
  public func sendAfter<M: ~Copyable>(
    _ delay: Duration,
    to ref: ProcessRef<M>,
    _ message: consuming sending M
  ) -> TimerID {
    let delivery = Delivery.begin(M.self)
    delivery.put(message)
    return core.sendLater(delivery, ref.record, ref.id, after: delay)
  }

  /// Has a new message made for a process each time; the first after one interval.
  ///
  /// The closure runs in the receiver, when that takes it in, and may not wait. Times are on a grid that does not
  /// drift. One that is missed, because everything was late, is not made up for. Ends with the receiver, or by
  /// `cancel`; a runtime with such a timer is not idle. An interval of less than 131 µs is one of 131 µs.
  @inlinable @discardableResult
  public func sendEvery<M: ~Copyable>(
    _ interval: Duration,
    to ref: ProcessRef<M>,
    making message: @escaping @Sendable () -> M
  ) -> TimerID {
    core.sendRepeatedly(MessageMaker(message), ref.record, ref.id, every: interval)
  }

  /// Stops a timer, whoever armed it; the time that it still had, or nil when it has fired or was cancelled before.
  ///
  /// Never more than was asked for, and zero for one that is late. Afterwards it sends nothing more; what it has sent
  /// may still be in a mailbox.
  @discardableResult
  public func cancel(_ timer: TimerID) -> Duration? { core.cancel(timer) }

  /// How long a timer still has, never more than was asked for; nil when it has fired or was cancelled.
  public func remaining(_ timer: TimerID) -> Duration? { core.remaining(timer) }
}

extension ProcessRuntime {
  /// As `ProcessContext.sendAfter`, from any thread.
  @inlinable @discardableResult
  public func sendAfter<M: ~Copyable>(
    _ delay: Duration,
    to ref: ProcessRef<M>,
    _ message: consuming sending M
  ) -> TimerID {
    let delivery = Delivery.begin(M.self)
    delivery.put(message)
    return core.sendLater(delivery, ref.record, ref.id, after: delay)
  }

  /// As `ProcessContext.sendEvery`, from any thread.
  @inlinable @discardableResult
  public func sendEvery<M: ~Copyable>(
    _ interval: Duration,
    to ref: ProcessRef<M>,
    making message: @escaping @Sendable () -> M
  ) -> TimerID {
    core.sendRepeatedly(MessageMaker(message), ref.record, ref.id, every: interval)
  }

  /// As `ProcessContext.cancel`, from any thread.
  @discardableResult
  public func cancel(_ timer: TimerID) -> Duration? { core.cancel(timer) }

  /// As `ProcessContext.remaining`, from any thread.
  public func remaining(_ timer: TimerID) -> Duration? { core.remaining(timer) }
}

extension Handle<RuntimeCore> {
  @usableFromInline
  func sendLater(
    _ delivery: Delivery,
    _ target: Handle<ProcessRecord>?,
    _ id: ProcessID,
    after delay: Duration
  ) -> TimerID {
    guard let target, !it.ending.isRefusing else {
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
    guard let target, !it.ending.isRefusing else { return TimerID(timer: nil, number: 0) }
    let nanoseconds = max(interval.clampedNanoseconds, TimerWheel.tickNanoseconds)
    return arm({ $0.it.maker = maker }, to: target, id, after: .nanoseconds(nanoseconds), every: nanoseconds)
  }
}

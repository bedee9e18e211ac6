// SPDX-License-Identifier: Apache-2.0
//
// A lock that protects a value, and may be held across a suspension point.

/// A lock that protects a value, and that a process may hold across a receive or any other suspension point.
///
/// A process that waits is parked; a thread that waits sleeps. The lock is given to the waiters in the order in which
/// they came. A lock of the standard library belongs to a thread, but a process may continue on another thread: use
/// this lock if the body suspends.
///
/// A body that throws, also because its process was told to exit, releases the lock. A process that was killed and did
/// not end by itself never returns to its body. Then the lock passes to the next waiter, and the value has all, some or
/// none of what the body wrote. ``isInconsistent`` is true from then on until ``markConsistent()``, as with a robust
/// mutex of POSIX.
public final class ProcessLock<Value: ~Copyable>: @unchecked Sendable {
  private let core = LockCore()
  /// The value; only the holder of the lock touches it.
  private let value: Handle<Value>

  /// Creates a lock that protects a value.
  public init(_ value: consuming sending Value) { self.value = .allocate(value) }

  deinit { value.free() }

  /// Runs the body with exclusive access to the value, and waits until it has that.
  ///
  /// A process that is told to exit keeps waiting; only a kill ends its wait. A process that takes the lock again
  /// inside the body causes a fatal error. Allocates only if it waits, and when the process takes its first lock.
  /// `Result` is `Sendable`, because the value itself must not leave the lock.
  ///
  /// - Throws: What the body throws.
  @available(*, noasync, message: "it holds the thread; ask a process with `await ref.call` instead")
  public func withLock<Result: Sendable & ~Copyable, Failure: Error>(
    _ body: (inout sending Value) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    acquire()
    defer { core.release() }
    return try body(&value.it)
  }

  /// Stores a value and returns the old one; waits as ``withLock(_:)`` does.
  @available(*, noasync, message: "it holds the thread; ask a process with `await ref.call` instead")
  public func exchange(_ value: consuming sending Value) -> sending Value {
    acquire()
    defer { core.release() }
    return self.value.exchange(value)
  }

  private func acquire() {
    // The process was killed, and this call cannot throw.
    if !core.acquire() { Scheduler.current!.it.running!.stayForever() }
  }

  /// The process that holds the lock; nil if it is free, or held by a thread or a closure of `blocking`.
  public var owner: ProcessID? { core.owner }

  /// Whether a holder was killed or crashed in its body, which may have left the value half changed.
  public var isInconsistent: Bool { core.isInconsistent }

  /// Declares that the value is consistent again.
  public func markConsistent() { core.markConsistent() }
}

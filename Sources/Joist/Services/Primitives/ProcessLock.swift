// SPDX-License-Identifier: Apache-2.0
//
// A lock around a value, which may be held across a receive.

/// A lock that parks the process and may be held across a receive; a thread sleeps.
///
/// First come, first served. Standard locks belong to threads, and a process may go on on another one: use this one
/// where a body suspends while it holds a lock.
///
/// A body that throws, also because its process was told to exit, lets the lock go. A process that was killed and did
/// not end by itself leaves its body for ever: the lock passes to the next in line, with all, some or none of what the
/// body wrote, and `isInconsistent` says so until `markConsistent`, as with a robust mutex of POSIX.
public final class ProcessLock<Value: ~Copyable>: @unchecked Sendable {
  private let core = LockCore()
  /// Touched by who holds the lock.
  private let value: Handle<Value>

  /// Takes what it protects.
  public init(_ value: consuming sending Value) { self.value = .allocate(value) }

  deinit { value.free() }

  /// Runs the body with the value, alone.
  ///
  /// Waits for the lock, and goes on waiting when the process is told to exit; only a kill ends that. A process that
  /// takes it again inside the body stops the program with a sentence. `Result` is `Sendable`, since the value itself
  /// must not get out.
  @available(*, noasync, message: "it holds the thread; ask a process with `await ref.call` instead")
  public func withLock<Result: Sendable & ~Copyable, Failure: Error>(
    _ body: (inout sending Value) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    acquire()
    defer { core.release() }
    return try body(&value.it)
  }

  /// Puts a value in and hands the old one out.
  @available(*, noasync, message: "it holds the thread; ask a process with `await ref.call` instead")
  public func exchange(_ value: consuming sending Value) -> sending Value {
    acquire()
    defer { core.release() }
    return self.value.exchange(value)
  }

  private func acquire() {
    // There is no way out of a call that cannot throw.
    if !core.acquire() { Scheduler.current!.it.running!.stayForEver() }
  }

  /// The process that holds it; nil for nobody, or for a thread.
  public var owner: ProcessID? { core.owner }

  /// Whether a holder was killed in its body, which may have left the value half changed.
  public var isInconsistent: Bool { core.isInconsistent }

  /// The value is in order again.
  public func markConsistent() { core.markConsistent() }
}

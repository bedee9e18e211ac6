// SPDX-License-Identifier: Apache-2.0
//
// A body of code that runs once, for the first process or thread that comes.

import Synchronization

/// Runs one of many bodies to its end; callers that come meanwhile wait for it, and run nothing.
///
/// If the body throws, or its process ends in it, the next caller that waits runs its own body.
public final class Once: Sendable {
  private let core = LockCore()
  private let done = Atomic<Bool>(false)

  /// Creates an instance that has not run a body yet.
  public init() {}

  // Ordering: acquiring pairs with the releasing store of `run`.
  /// Whether a body was run to its end.
  public var isDone: Bool { done.load(ordering: .acquiring) }

  /// Runs the body unless one was run to its end before, and waits while another one runs.
  ///
  /// A process that is told to exit keeps waiting; only a kill ends its wait. A body that calls `run` of the same
  /// instance is a fatal error.
  ///
  /// - Throws: What the body throws.
  @available(*, noasync, message: "it holds the thread; ask a process with `await ref.call` instead")
  public func run<Failure: Error>(_ body: () throws(Failure) -> Void) throws(Failure) {
    if isDone { return }
    if !core.acquire() { Scheduler.current!.it.running!.stayForever() }
    defer { core.release() }
    if isDone { return }
    try body()
    // Ordering: releasing, so that a caller that finds it done sees what the body did.
    done.store(true, ordering: .releasing)
  }
}

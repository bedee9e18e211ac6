// SPDX-License-Identifier: Apache-2.0
//
// Something that is done once, whoever comes first.

import Synchronization

/// Runs one of many bodies to its end, once; the others wait for that.
///
/// Where the body throws, or its process ends in it, the next one in line runs its own.
public final class Once: Sendable {
  private let core = LockCore()
  private let done = Atomic<Bool>(false)

  /// Nothing is done yet.
  public init() {}

  // Ordering: acquiring pairs with `run`'s releasing.
  /// Whether it is done.
  public var isDone: Bool { done.load(ordering: .acquiring) }

  /// Runs the body, unless one was run to its end before; waits while another is run.
  ///
  /// Goes on waiting when the process is told to exit. A body that comes back here stops the program with a sentence.
  @available(*, noasync, message: "it holds the thread; ask a process with `await ref.call` instead")
  public func run<Failure: Error>(_ body: () throws(Failure) -> Void) throws(Failure) {
    if isDone { return }
    if !core.acquire() { Scheduler.current!.it.running!.stayForEver() }
    defer { core.release() }
    if isDone { return }
    try body()
    // Ordering: what the body did is seen by whoever finds it done.
    done.store(true, ordering: .releasing)
  }
}

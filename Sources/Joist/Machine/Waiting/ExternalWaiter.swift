// SPDX-License-Identifier: Apache-2.0
//
// The cell of a thread or a Swift task that waits for a result. A thread sleeps on a word until then; a task is
// suspended, and resumed by its continuation.

import Synchronization

/// A cell for a thread or a task that is not a process; it comes from a pool and goes back there, and is never freed
/// (WC4).
///
/// Threads and tasks have separate pools. A thread may find its result and leave before it is woken, so a thread's
/// waiter may receive a wake-up that was meant for its previous user. A continuation must not be resumed in that way.
package struct ExternalWaiter: ~Copyable {
  /// The cell; the first field, so that both have the same address.
  var cell = OneShot()
  private let word = WaitWord()
  /// The continuation of the task that waits; set before the wait is opened, nil for a thread.
  private var task: CheckedContinuation<Void, Never>?
  fileprivate var next: Handle<ExternalWaiter>?

  /// Whether it is from the pool for tasks.
  fileprivate let isForTask: Bool
  /// The platform on which its thread sleeps.
  fileprivate let platform: any Platform

  private init(isForTask: Bool, platform: any Platform) {
    self.isForTask = isForTask
    self.platform = platform
  }

  /// Takes a waiter from a pool, or allocates one.
  ///
  /// The platform to wait on is usually a runtime's; nil stands for that of this thread.
  static func take(forTask: Bool, on platform: (any Platform)? = nil) -> Handle<ExternalWaiter> {
    let platform = platform ?? SchedulePoint.platform ?? HostPlatform.shared
    let free = platform.waiters.take(forTask: forTask) { Handle<ExternalWaiter>(address: $0).it.next?.bits ?? 0 }
    return free.map { Handle(address: $0) }
      ?? .allocate(ExternalWaiter(isForTask: forTask, platform: platform))
  }

  /// Wakes the thread, or resumes the task.
  // Ordering: a task stores its continuation before it opens the wait, and a thread that provides the result knows of
  // the wait by what the task sent after that. A thread's waiter may already be in use by another thread: only the word
  // may be touched.
  fileprivate mutating func resume() {
    if isForTask { task.take()!.resume() } else { word.ring(platform, all: true) }
  }

  /// Sleeps until the cell has its result; returns nil if the platform's clock reaches the deadline first.
  fileprivate func sleep(until deadline: Int64?) -> WaitResult? {
    while true {
      let seen = word.seen
      if let result = cell.take() { return result }
      if let deadline, platform.now() >= deadline { return cell.close() }
      platform.wait(on: word, while: seen, until: deadline)
    }
  }

  /// Returns the time on its platform's clock at which the timeout ends; nil for no timeout.
  func deadline(after timeout: Duration?) -> Int64? { timeout.map { platform.deadline(after: $0) } }

  /// Stores the continuation of the task that waits.
  mutating func setContinuation(_ task: CheckedContinuation<Void, Never>) { self.task = task }
}

extension Handle<ExternalWaiter> {
  /// The waiter that contains this cell.
  init(cell: Handle<OneShot>) { self.init(bits: cell.bits)! }

  /// Its cell.
  var cell: Handle<OneShot> { Handle<OneShot>(bits: bits)! }

  /// Returns a ticket for a new wait, which is not open yet.
  func newTicket() -> WaitTicket { WaitTicket(cell, isExternal: true) }

  /// Wakes the thread or the task, after its cell got a result.
  func wake() { it.resume() }

  /// Puts the thread to sleep until the result is there; returns nil if the deadline came first.
  func wait(until deadline: Int64?) -> WaitResult? { it.sleep(until: deadline) }

  /// Returns the waiter to its pool.
  func giveBack() {
    it.platform.waiters.put(bits, forTask: it.isForTask) { it.next = Handle(bits: $0) }
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// How a thread that is no process waits for an answer: asleep on a word. How a Swift task does: by a continuation.

import Synchronization

/// A cell for a thread or a task (WC4): from a pool, and back into it.
///
/// Threads and tasks have pools of their own: a thread may find its answer, and leave, before it is woken, so a waiter
/// of that pool may be woken for nothing; a continuation may not be.
package struct ExternalWaiter: ~Copyable {
  /// First, so that both have the same address.
  var cell = OneShot()
  private let word = WaitWord()
  /// Of the task that waits, if one does; set before the wait is opened.
  private var task: CheckedContinuation<Void, Never>?
  fileprivate var next: Handle<ExternalWaiter>?

  /// Which pool it is from.
  fileprivate let isForTask: Bool
  /// Where its thread waits.
  fileprivate let platform: any Platform

  private init(isForTask: Bool, platform: any Platform) {
    self.isForTask = isForTask
    self.platform = platform
  }

  /// One that nobody uses, to wait on a platform: that of a runtime, or of this thread.
  static func take(forTask: Bool, on platform: (any Platform)? = nil) -> Handle<ExternalWaiter> {
    let platform = platform ?? SchedulePoint.platform ?? HostPlatform.shared
    let free = platform.waiters.take(forTask: forTask) { Handle<ExternalWaiter>(address: $0).it.next?.bits ?? 0 }
    return free.map { Handle(address: $0) }
      ?? .allocate(ExternalWaiter(isForTask: forTask, platform: platform))
  }

  /// Wakes who waits.
  // Ordering: a task's continuation was put here before its wait was opened, and whoever answers knows of the wait by
  // what was sent after that. A thread's waiter may be another thread's by now: only the word may be touched.
  fileprivate mutating func resume() {
    if isForTask { task.take()!.resume() } else { word.signal(platform, all: true) }
  }

  /// Sleeps until the cell is answered, or that time on the platform's clock.
  fileprivate func sleep(until deadline: Int64?) -> WaitResult? {
    while true {
      let seen = word.seen
      if let answer = cell.take() { return answer }
      if let deadline, platform.now() >= deadline { return cell.close() }
      platform.wait(on: word, while: seen, until: deadline)
    }
  }

  /// So long from now on its platform's clock; nil for ever.
  func deadline(after timeout: Duration?) -> Int64? { timeout.map { platform.deadline(after: $0) } }

  /// The task that is resumed by the answer.
  mutating func resumeByAnswer(_ task: CheckedContinuation<Void, Never>) { self.task = task }
}

extension Handle<ExternalWaiter> {
  /// The one that has this cell.
  init(cell: Handle<OneShot>) { self.init(bits: cell.bits)! }

  /// Its cell.
  var cell: Handle<OneShot> { Handle<OneShot>(bits: bits)! }

  /// A new wait; not open yet.
  func newTicket() -> WaitTicket { WaitTicket(cell, isExternal: true) }

  /// It was answered.
  func wake() { it.resume() }

  /// The thread sleeps until the answer is there; nil when the time was over first.
  func wait(until deadline: Int64?) -> WaitResult? { it.sleep(until: deadline) }

  /// Back into the pool.
  func giveBack() {
    it.platform.waiters.put(bits, forTask: it.isForTask) { it.next = Handle(bits: $0) }
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// How a thread that is no process waits for an answer: asleep on a word. How a Swift task does: by a continuation.

import Synchronization

/// A cell for a thread or a task (WC4): from a pool, and back into it.
///
/// Threads and tasks have pools of their own: a thread may find its answer, and leave, before it is woken, so a waiter
/// of that pool may be woken for nothing; a continuation may not be.
package struct ForeignWaiter: ~Copyable {
  /// First, so that both have the same address.
  var cell = WaitCell()
  private let word = WaitWord()
  /// Of the task that waits, if one does; set before the wait is opened.
  private var task: CheckedContinuation<Void, Never>?
  private var next: Handle<ForeignWaiter>?

  /// Which pool it is from.
  private let isForTask: Bool

  /// The first free one for threads, and for tasks.
  private static let pools = Mutex<(threads: Handle<ForeignWaiter>?, tasks: Handle<ForeignWaiter>?)>((nil, nil))
  private static let platform = HostPlatform()

  private init(isForTask: Bool) { self.isForTask = isForTask }

  /// One that nobody uses.
  static func take(forTask: Bool) -> Handle<ForeignWaiter> {
    let pooled = pools.withLock { pools in
      let taken = forTask ? pools.tasks : pools.threads
      if forTask { pools.tasks = taken?.it.next } else { pools.threads = taken?.it.next }
      return taken
    }
    return pooled ?? .allocate(ForeignWaiter(isForTask: forTask))
  }

  /// Wakes who waits.
  fileprivate mutating func resume() {
    if let task = task.take() { task.resume() } else { word.signal(ForeignWaiter.platform, all: true) }
  }

  /// Keeps one for later.
  fileprivate static func keep(_ waiter: Handle<ForeignWaiter>) {
    pools.withLock { pools in
      waiter.it.next = waiter.it.isForTask ? pools.tasks : pools.threads
      if waiter.it.isForTask { pools.tasks = waiter } else { pools.threads = waiter }
    }
  }

  /// Sleeps until the cell is answered, or that time on the host's clock.
  fileprivate func sleep(until deadline: Int64?) -> Answer? {
    while true {
      let seen = word.seen
      if let answer = cell.take() { return answer }
      if let deadline, ForeignWaiter.platform.now() >= deadline { return cell.close() }
      ForeignWaiter.platform.wait(on: word, while: seen, until: deadline)
    }
  }

  /// So long from now on the host's clock; nil for ever.
  static func deadline(after timeout: Duration?) -> Int64? {
    guard let timeout else { return nil }
    let (sum, overflow) = platform.now().addingReportingOverflow(max(0, timeout.clampedNanoseconds))
    return overflow ? nil : sum
  }

  /// The task that is resumed by the answer.
  mutating func resumeByAnswer(_ task: CheckedContinuation<Void, Never>) { self.task = task }
}

extension Handle<ForeignWaiter> {
  /// The one that has this cell.
  init(cell: Handle<WaitCell>) { self.init(bits: cell.bits)! }

  /// Its cell.
  var cell: Handle<WaitCell> { Handle<WaitCell>(bits: bits)! }

  /// A new wait; not open yet.
  func newTicket() -> WaitTicket { WaitTicket(cell, isForeign: true) }

  /// It was answered.
  func wake() { it.resume() }

  /// The thread sleeps until the answer is there; nil when the time was over first.
  func wait(until deadline: Int64?) -> Answer? { it.sleep(until: deadline) }

  /// Back into the pool.
  func giveBack() { ForeignWaiter.keep(self) }
}

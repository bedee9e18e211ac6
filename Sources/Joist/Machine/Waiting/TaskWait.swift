// SPDX-License-Identifier: Apache-2.0
//
// How a Swift task waits for a result in its cell: suspended, without a thread.

import Synchronization

extension Handle<ExternalWaiter> {
  /// Suspends the task until the ticket has its result: `.timedOut` and `.cancelled` are results, too.
  ///
  /// `begin` gets the deadline, passes the ticket to whatever will provide the result, and opens the wait. It returns
  /// nil, or at once a result, and then nobody has the ticket. The timeout and a cancellation compete with the result:
  /// the first of them is stored (WC3).
  func suspend(
    _ ticket: WaitTicket,
    _ timeout: Duration?,
    isolation: isolated (any Actor)? = #isolation,
    begin: (Int64?) -> WaitResult?
  ) async -> WaitResult {
    var atOnce: WaitResult?
    var alarm: Task<Void, any Error>?
    await withTaskCancellationHandler {
      await withCheckedContinuation { task in
        it.setContinuation(task)
        atOnce = begin(it.deadline(after: timeout))
        // A result is stored only in an open wait. What was to end the wait before it was open must be looked at now.
        // Ordering: the thread that cancels marks the task, passes a fence, and tries to store a result. This thread
        // opens the wait, passes a fence, and looks for the mark. So one of the two sees the other, whatever orderings
        // Swift itself uses.
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        if atOnce != nil {
          ticket.open()
          _ = ticket.answer(.cancelled, from: nil)
        } else if Task.isCancelled {
          _ = ticket.answer(.cancelled, from: nil)
        } else {
          alarm = timeout.flatMap { ticket.timeOut(after: $0) }
        }
      }
    } onCancel: {
      atomicMemoryFence(ordering: .sequentiallyConsistent)
      _ = ticket.answer(.cancelled, from: nil)
    }
    alarm?.cancel()
    let result = cell.it.take()!
    return atOnce ?? result
  }
}

extension WaitTicket {
  /// Returns a task that ends the wait after the timeout unless it is cancelled before; nil if the timeout is beyond
  /// the clock's range, on which `Task.sleep` traps: such a call waits forever.
  fileprivate func timeOut(after timeout: Duration) -> Task<Void, any Error>? {
    if timeout > .longestSleep { return nil }
    return Task {
      try await Task.sleep(for: max(.zero, timeout))
      _ = answer(.timedOut, from: nil)
    }
  }
}

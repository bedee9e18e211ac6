// SPDX-License-Identifier: Apache-2.0
//
// How a process waits for a Swift task: parked, until the task says that it has ended.

/// The end of a Swift task for which a process waits.
package struct TaskEnd: Sendable {
  fileprivate let ticket: WaitTicket

  /// Wakes the process, if it still waits; called once, by any thread.
  package func tell() { _ = ticket.answer(.granted, from: Scheduler.current) }
}

extension ProcessContext where Message: ~Copyable {
  /// Parks the process until a task has ended; the runtime is not idle meanwhile.
  ///
  /// - Parameter begin: Starts the task, which tells of its end.
  /// - Throws: ``ProcessExit`` when the process is told to exit; the task may still be running then.
  package func awaitTask(_ begin: (TaskEnd) -> Void) throws(ProcessExit) {
    try record.suspensionPoint(generation, cost: 0)
    if Scheduler.current!.isInTask { Handle<Scheduler>.refuseWaitInTask() }
    let waiter = Waiter.here()
    record.beginTaskWait()
    waiter.ticket.open()
    begin(TaskEnd(ticket: waiter.ticket))
    let result = waiter.wait(.task, until: nil)
    record.endTaskWait()
    waiter.finish()
    if result == nil { try record.refuse() }
  }
}

extension Handle<ProcessRecord> {
  fileprivate func beginTaskWait() {
    extras().it.awaitsTask = true
    home.it.counters.taskWaits.add()
  }

  /// Counts the process as one that waits for no task any more.
  func endTaskWait() {
    guard hasExtras, extras().it.awaitsTask else { return }
    extras().it.awaitsTask = false
    home.it.counters.taskWaits.add(-1)
  }
}

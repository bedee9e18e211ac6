// SPDX-License-Identifier: Apache-2.0
//
// How a process waits for what happens outside of the runtime, such as the end of a Swift task: it is parked until
// somebody tells it.

/// The end of a wait for something outside of the runtime.
package struct WaitEnd: Sendable {
  fileprivate let ticket: WaitTicket

  /// Wakes the process, if it still waits; called once, by any thread.
  package func tell() { _ = ticket.answer(.granted, from: Scheduler.current) }
}

extension ProcessContext where Message: ~Copyable {
  /// Parks the process until a task has ended; the runtime is not idle meanwhile.
  ///
  /// - Parameter begin: Starts the task, which tells of its end.
  /// - Throws: ``ProcessExit`` when the process is told to exit; the task may still be running then.
  package func awaitTask(_ begin: (WaitEnd) -> Void) throws(ProcessExit) {
    record.beginTaskWait()
    defer { record.endTaskWait() }
    _ = try awaitOutside(.task, begin)
  }

  /// Parks the process until something outside of the runtime has happened; the runtime may be idle meanwhile.
  ///
  /// - Parameters:
  ///   - reason: What is shown of the wait.
  ///   - timeout: The longest time to wait; nil for no limit.
  ///   - begin: Notes the wait where the end of it will be told.
  /// - Returns: False if the timeout came first. Its end may still be told then.
  /// - Throws: ``ProcessExit`` when the process is told to exit.
  package func awaitOutside(
    _ reason: WaitReason,
    timeout: Duration? = nil,
    _ begin: (WaitEnd) -> Void
  ) throws(ProcessExit) -> Bool {
    try record.suspensionPoint(generation, cost: Cost.park)
    if Scheduler.current!.isInTask { Handle<Scheduler>.refuseWaitInTask() }
    let waiter = Waiter.here()
    waiter.ticket.open()
    begin(WaitEnd(ticket: waiter.ticket))
    let result = waiter.wait(reason, until: waiter.deadline(after: timeout))
    waiter.finish()
    if result == nil { try waiter.throwIfToldToExit() }
    return result != nil
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

// SPDX-License-Identifier: Apache-2.0
//
// Waiting for another process's end.

extension ProcessContext where Message: ~Copyable {
  /// Waits until another process has ended, and says why it did; nil when the time was over first.
  ///
  /// For one that had ended before: `.noProcess`. A process that joins itself stops the program with a sentence.
  public func join<M: ~Copyable>(
    _ ref: ProcessRef<M>,
    timeout: Duration? = nil
  ) throws(ProcessExit) -> ExitReason? {
    try record.suspensionPoint(generation, cost: 0)
    guard let other = ref.record else { return .noProcess }
    guard other != record || ref.id != id else { fatalError("Joist: a process cannot wait for its own end") }
    let answer = Waiter.here(for: other).awaitEnd(of: other, ref.id, timeout)
    if record.it.flags.contains(.exiting) {
      answer?.node?.discard()
      try record.refuse()
    }
    return answer?.exitReason
  }
}

extension ProcessRef where Message: ~Copyable {
  /// Waits, as a plain thread, until the process has ended; why it did, or nil when the time was over first.
  ///
  /// Inside a process use `process.join`. A process whose `blocking` closure waits here for its own end ends with a
  /// sentence.
  @available(*, noasync, message: "it holds the thread; await a reply with `await ref.call` instead")
  public func join(timeout: Duration? = nil) -> ExitReason? {
    guard Scheduler.current?.it.running == nil else { fatalError("Joist: inside a process use `process.join`") }
    guard let record else { return .noProcess }
    if record.isWaitingForThisThread(id) {
      fatalError("Joist: a `blocking` closure cannot wait for the end of its process, which waits for it")
    }
    return Waiter.here(for: record).awaitEnd(of: record, id, timeout)?.exitReason
  }
}

extension Waiter {
  /// Waits for the end of a process; nil when the time was over, or an exit came first.
  fileprivate func awaitEnd(of other: ProcessHandle, _ id: ProcessID, _ timeout: Duration?) -> WaitResult? {
    defer { finish() }
    let watch = Watch.object(JoinWatch(ticket), isFirst: false)
    ticket.open()
    let place = other.watch(id, watch)
    if place == nil { _ = ticket.answer(.noProcess, from: Scheduler.current) }
    if timeout == nil && place != nil { process?.noteWait(for: other) }
    let answer = wait(.join, until: deadline(after: timeout))
    if timeout == nil { process?.forgetWaitsFor() }
    if answer == nil, let place { other.unwatch(place, watch) }
    return answer
  }
}

extension WaitResult {
  /// Why somebody ended.
  fileprivate var exitReason: ExitReason { node?.open(as: ExitReason.self) ?? .noProcess }
}

/// Tells one who waits for an end.
private final class JoinWatch: Watcher {
  private let ticket: WaitTicket

  init(_ ticket: WaitTicket) { self.ticket = ticket }

  func processEnded(_ process: ProcessHandle, _ id: ProcessID, _ reason: ExitReason) { ticket.fail(reason) }
}

// SPDX-License-Identifier: Apache-2.0
//
// Waiting for the end of another process.

extension ProcessContext where Message: ~Copyable {
  /// Waits until another process has ended, and returns the reason.
  ///
  /// Parks the process. A process that joins itself traps.
  /// - Parameters:
  ///   - ref: The process to wait for.
  ///   - timeout: The maximum time to wait, or nil to wait forever.
  /// - Returns: The reason; `.noProcess` if the process had ended before the call, or nil if the timeout expired.
  /// - Throws: ``ProcessExit`` when the calling process is told to exit.
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
  /// Blocks the calling thread until the process has ended, and returns the reason.
  ///
  /// Within a process use ``ProcessContext/join(_:timeout:)`` instead. A `blocking` closure that waits here for the end
  /// of its own process traps.
  /// - Parameter timeout: The maximum time to wait, or nil to wait forever.
  /// - Returns: The reason; `.noProcess` if the process had ended before the call, or nil if the timeout expired.
  @available(*, noasync, message: "use `await ref.join`, which does not hold the thread")
  public func joinBlocking(timeout: Duration? = nil) -> ExitReason? {
    guard Scheduler.current?.it.running == nil else { fatalError("Joist: inside a process use `process.join`") }
    guard let record else { return .noProcess }
    if record.isWaitingForThisThread(id) {
      fatalError("Joist: a `blocking` closure cannot wait for the end of its process, which waits for it")
    }
    return Waiter.here(for: record).awaitEnd(of: record, id, timeout)?.exitReason
  }
}

extension ProcessRef where Message: ~Copyable {
  /// Suspends the task until the process has ended, and returns the reason.
  ///
  /// - Parameters:
  ///   - timeout: The maximum time to wait, or nil to wait forever.
  ///   - isolation: The actor on which the caller runs.
  /// - Returns: The reason; `.noProcess` if the process had ended before the call, or nil if the timeout expired.
  /// - Throws: `CancellationError` if the task is cancelled.
  public func join(
    timeout: Duration? = nil,
    isolation: isolated (any Actor)? = #isolation
  ) async throws -> ExitReason? {
    guard let record else { return .noProcess }
    let waiter = ExternalWaiter.take(forTask: true, on: record.home.it.platform)
    defer { waiter.giveBack() }
    let ticket = waiter.newTicket()
    let watch = Watch.object(JoinWatch(ticket), isFirst: false)
    var index: Int?
    let result = await waiter.suspend(ticket, timeout) { _ in
      ticket.open()
      index = record.watch(id, watch)
      return index == nil ? .noProcess : nil
    }
    guard result == .timedOut || result == .cancelled else { return result.exitReason }
    if let index { record.unwatch(index, watch) }
    if result == .cancelled { throw CancellationError() }
    return nil
  }

  /// Calls a closure once when the process has ended, or soon if it had ended before.
  ///
  /// The closure runs in a process of its own, so it may crash without harm; if the runtime creates none, or is shut
  /// down before the process begins, it runs on a thread. Neither blocks nor parks; allocates.
  ///
  /// - Parameter body: What to do; gets the reason, `.noProcess` if the process had ended before the call.
  public func onEnd(_ body: @escaping @Sendable (ExitReason) -> Void) {
    guard let record else { return EndWatch(body).call(.noProcess, on: nil) }
    let watch = EndWatch(body)
    if record.watch(id, .object(watch, isFirst: false)) == nil { watch.call(.noProcess, on: record.home) }
  }
}

extension Waiter {
  /// Waits for the end of a process; returns nil if the timeout expired or an exit signal came first.
  fileprivate func awaitEnd(of other: ProcessHandle, _ id: ProcessID, _ timeout: Duration?) -> WaitResult? {
    defer { finish() }
    let watch = Watch.object(JoinWatch(ticket), isFirst: false)
    ticket.open()
    let watchIndex = other.watch(id, watch)
    if watchIndex == nil { _ = ticket.answer(.noProcess, from: Scheduler.current) }
    if watchIndex != nil, let process {
      process.beginEdge(.join, to: other, isTimed: timeout != nil)
      process.followEdges(from: other)
    }
    let answer = wait(.join, until: deadline(after: timeout))
    process?.endEdge()
    if answer == nil, let watchIndex { other.unwatch(watchIndex, watch) }
    return answer
  }
}

extension WaitResult {
  /// The exit reason that the result carries.
  fileprivate var exitReason: ExitReason { node?.open(as: ExitReason.self) ?? .noProcess }
}

/// A watch that answers the ticket of a process or thread that waits for an end.
private final class JoinWatch: Watcher {
  private let ticket: WaitTicket

  init(_ ticket: WaitTicket) { self.ticket = ticket }

  func processEnded(_ process: ProcessHandle, _ id: ProcessID, _ reason: ExitReason) { ticket.fail(reason) }
}

/// A watch that calls a closure of the program.
private final class EndWatch: Watcher {
  private let body: @Sendable (ExitReason) -> Void

  init(_ body: @escaping @Sendable (ExitReason) -> Void) { self.body = body }

  func processEnded(_ process: ProcessHandle, _ id: ProcessID, _ reason: ExitReason) {
    call(reason, on: process.home)
  }

  /// Calls the closure in a process, or on a thread if the runtime creates none or is shut down first.
  func call(_ reason: ExitReason, on core: Handle<RuntimeCore>?) {
    let body = body
    PendingCall.start(on: core) { body(reason) }
  }
}

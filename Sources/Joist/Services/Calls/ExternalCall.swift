// SPDX-License-Identifier: Apache-2.0
//
// Calls to a process from threads and Swift tasks.

import Synchronization

extension ProcessRef where Message: ~Copyable {
  /// Sends a request from a plain thread, which sleeps until the reply.
  ///
  /// In a process it is a fatal error: use `process.call` there. If the runtime shuts down, the call ends with its
  /// process.
  ///
  /// - Parameters:
  ///   - timeout: The longest time to wait for the reply; nil waits forever.
  ///   - request: Makes the request from the address for the reply.
  /// - Returns: The reply.
  /// - Throws: ``CallError`` if no reply comes; ``CallError/toItself`` if a closure of `blocking` calls the process
  ///   that waits for it.
  @available(*, noasync, message: "use `await ref.call`, which does not hold the thread")
  @inlinable
  public func callBlocking<Reply: ~Copyable>(
    timeout: Duration? = nil,
    _ request: (ReplyTo<Reply>) -> sending Message
  ) throws(CallError) -> sending Reply {
    let call = ExternalCall(record, forTask: false)
    let message = request(ReplyTo(call.ticket))
    let delivery = Delivery.begin(Message.self, ticket: call.ticket)
    delivery.put(message)
    return try call.finishBlocking(delivery, record, id, timeout).open(as: Reply.self)
  }

  /// Sends a request from a Swift task, which is suspended until the reply.
  ///
  /// If the mailbox is full and its policy is ``SpawnOptions/WhenFull/block``, the call blocks the task's thread until
  /// there is space.
  ///
  /// - Parameters:
  ///   - timeout: The longest time to wait for the reply; nil waits forever.
  ///   - isolation: The actor on which the closure runs.
  ///   - request: Makes the request from the address for the reply.
  /// - Returns: The reply.
  /// - Throws: ``CallError`` if no reply comes, and `CancellationError` if the task is cancelled.
  public func call<Reply: ~Copyable>(
    timeout: Duration? = nil,
    isolation: isolated (any Actor)? = #isolation,
    _ request: (ReplyTo<Reply>) -> sending Message
  ) async throws -> sending Reply {
    let call = ExternalCall(record, forTask: true)
    let message = request(ReplyTo(call.ticket))
    let delivery = Delivery.begin(Message.self, ticket: call.ticket)
    delivery.put(message)
    return try await call.finish(delivery, record, id, timeout).open(as: Reply.self)
  }
}

/// A call of a thread or a task.
@usableFromInline
struct ExternalCall: Sendable {
  private let waiter: Handle<ExternalWaiter>
  @usableFromInline let ticket: WaitTicket

  @usableFromInline
  init(_ callee: Handle<ProcessRecord>?, forTask: Bool) {
    if Scheduler.current?.it.running != nil && !forTask {
      fatalError("Joist: a process cannot sleep in `callBlocking`: use `process.call`")
    }
    waiter = ExternalWaiter.take(forTask: forTask, on: callee?.home.it.platform)
    ticket = waiter.newTicket()
  }

  /// Sends the request; returns nil if the wait is open, and otherwise the reason why the request was not sent.
  private func send(
    _ delivery: Delivery,
    _ callee: Handle<ProcessRecord>?,
    _ id: ProcessID,
    _ deadline: Int64?
  ) -> WaitResult? {
    guard let callee else {
      delivery.node.discard()
      return .noProcess
    }
    return delivery.finishRequest(to: callee, id, until: deadline)
  }

  /// Sends the request and puts the thread to sleep until the result; returns the node of the reply.
  @usableFromInline
  func finishBlocking(
    _ delivery: Delivery,
    _ callee: Handle<ProcessRecord>?,
    _ id: ProcessID,
    _ timeout: Duration?
  ) throws(CallError) -> Handle<MessageNode> {
    defer { waiter.giveBack() }
    if let callee, callee.isWaitingForThisThread(id) {
      delivery.node.discard()
      throw .toItself
    }
    let deadline = waiter.it.deadline(after: timeout)
    if let refusal = send(delivery, callee, id, deadline) { return try refusal.reply() }
    return try (waiter.wait(until: deadline) ?? .timedOut).reply()
  }

  /// Sends the request and suspends the task until the result; returns the node of the reply.
  ///
  /// The timeout and a cancellation compete with the reply: the first of them stores the result (WC3).
  func finish(
    _ delivery: Delivery,
    _ callee: Handle<ProcessRecord>?,
    _ id: ProcessID,
    _ timeout: Duration?,
    isolation: isolated (any Actor)? = #isolation
  ) async throws -> Handle<MessageNode> {
    defer { waiter.giveBack() }
    let ticket = ticket
    var refusal: WaitResult?
    var alarm: Task<Void, any Error>?
    await withTaskCancellationHandler {
      await withCheckedContinuation { task in
        waiter.it.setContinuation(task)
        refusal = send(delivery, callee, id, waiter.it.deadline(after: timeout))
        // A result is stored only in an open wait. What was to end the wait before it was open must be looked at now.
        // Ordering: the thread that cancels marks the task, passes a fence, and tries to store a result. This thread
        // opens the wait, passes a fence, and looks for the mark. So one of the two sees the other, whatever orderings
        // Swift itself uses.
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        if refusal != nil {
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
    let result = waiter.cell.it.take()!
    if let refusal { return try refusal.reply() }
    if result == .cancelled { throw CancellationError() }
    return try result.reply()
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

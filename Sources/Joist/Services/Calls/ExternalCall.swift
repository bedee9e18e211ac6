// SPDX-License-Identifier: Apache-2.0
//
// Threads and Swift tasks ask a process.

import Synchronization

extension ProcessRef where Message: ~Copyable {
  /// Asks from a plain thread, which sleeps until the reply; inside a process use `process.call`.
  ///
  /// A runtime that shuts down ends its processes, and with them the call. A call to the process whose `blocking`
  /// closure this is throws ``CallError/toItself``.
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

  /// Asks from `async` code: the task is suspended until the reply.
  ///
  /// Throws ``CallError`` as `process.call` does, and `CancellationError` when the task is cancelled. A full mailbox
  /// that blocks holds the task's thread until there is room.
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

  /// Sends the request; why it could not be sent.
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

  /// Sends the request and sleeps.
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

  /// Sends the request and suspends the task.
  ///
  /// Time and cancellation answer the call like anybody else: the first answer counts (WC3).
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
        waiter.it.resumeByAnswer(task)
        refusal = send(delivery, callee, id, waiter.it.deadline(after: timeout))
        // Nobody answers a wait that is not open: what was to end it before has to be looked at now.
        // Ordering: who cancels says so, passes a fence, and tries to answer; here the wait is opened, a fence is
        // passed, and then it is looked whether somebody has. So one sees the other, whatever Swift's own orderings
        // are.
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
    let answer = waiter.cell.it.take()!
    if let refusal { return try refusal.reply() }
    if answer == .cancelled { throw CancellationError() }
    return try answer.reply()
  }
}

extension WaitTicket {
  /// Ends the wait after the timeout, unless the task is cancelled before; nil where the timeout is out of the clock's
  /// range, which `Task.sleep` traps on: such a call waits forever.
  fileprivate func timeOut(after timeout: Duration) -> Task<Void, any Error>? {
    if timeout > .longestSleep { return nil }
    return Task {
      try await Task.sleep(for: max(.zero, timeout))
      _ = answer(.timedOut, from: nil)
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// Calls to a process from threads and Swift tasks.

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
  func finish(
    _ delivery: Delivery,
    _ callee: Handle<ProcessRecord>?,
    _ id: ProcessID,
    _ timeout: Duration?,
    isolation: isolated (any Actor)? = #isolation
  ) async throws -> Handle<MessageNode> {
    defer { waiter.giveBack() }
    let result = await waiter.suspend(ticket, timeout) { send(delivery, callee, id, $0) }
    if result == .cancelled { throw CancellationError() }
    return try result.reply()
  }
}

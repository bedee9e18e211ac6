// SPDX-License-Identifier: Apache-2.0
//
// A process asks another and waits for the reply.

extension ProcessContext where Message: ~Copyable {
  /// Asks and parks until the reply; the closure makes the request around the address for the reply.
  ///
  /// Messages that come meanwhile stay in the mailbox and cost nothing.
  ///
  /// Throws ``CallError`` when there is no reply: the time is over, the other has ended or ends, its mailbox is full,
  /// or it is this process itself; ``ProcessExit`` when this process is told to exit.
  @inlinable
  public func call<M: ~Copyable, Reply: ~Copyable>(
    _ ref: ProcessRef<M>,
    timeout: Duration? = nil,
    _ request: (ReplyTo<Reply>) -> sending M
  ) throws -> sending Reply {
    let ticket = try record.beginCall(generation)
    let message = request(ReplyTo(ticket))
    let delivery = Delivery.begin(M.self, ticket: ticket)
    delivery.put(message)
    return try record.finishCall(delivery, ref.record, ref.id, timeout).open(as: Reply.self)
  }

  /// As `call`, with a payload of class graphs that is moved into the request.
  @inlinable
  public func call<M: ~Copyable, Payload: ~Copyable, Reply: ~Copyable>(
    _ ref: ProcessRef<M>,
    moving payload: consuming sending Payload,
    timeout: Duration? = nil,
    _ request: (consuming sending Payload, ReplyTo<Reply>) -> sending M
  ) throws -> sending Reply {
    let ticket = try record.beginCall(generation)
    let message = request(payload, ReplyTo(ticket))
    let delivery = Delivery.begin(M.self, ticket: ticket)
    delivery.put(message)
    return try record.finishCall(delivery, ref.record, ref.id, timeout).open(as: Reply.self)
  }
}

extension Handle<ProcessRecord> {
  /// A number for the call; the wait is opened when the request is sent, so that whatever the closure does, calls of
  /// its own included, is over by then.
  @usableFromInline
  func beginCall(_ generation: UInt32) throws(ProcessExit) -> WaitTicket {
    try suspensionPoint(generation, cost: 0)
    return newTicket()
  }

  /// Sends the request and waits.
  @usableFromInline
  func finishCall(
    _ delivery: Delivery,
    _ callee: Handle<ProcessRecord>?,
    _ id: ProcessID,
    _ timeout: Duration?
  ) throws -> Handle<MessageNode> {
    guard let callee else {
      delivery.node.discard()
      throw CallError.exited(.noProcess)
    }
    if callee == self && id == it.identity {
      delivery.node.discard()
      throw CallError.toItself
    }
    let deadline = home.deadline(after: timeout)
    beginLending(to: callee, id)
    defer { endCallLending() }
    if let refusal = delivery.finishRequest(to: callee, id, until: deadline) {
      if it.flags.contains(.exiting) { try refuse() }
      return try refusal.reply()
    }
    guard let answer = awaitAnswer(.call, until: deadline) else {
      if it.flags.contains(.exiting) { try refuse() }
      throw CallError.timedOut
    }
    return try answer.reply()
  }
}

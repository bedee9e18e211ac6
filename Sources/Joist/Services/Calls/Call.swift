// SPDX-License-Identifier: Apache-2.0
//
// A process sends a request to another one and parks until the reply.

extension ProcessContext where Message: ~Copyable {
  /// Sends a request to another process, and parks until it replies.
  ///
  /// Messages that come meanwhile stay in the mailbox, and the call does not look at them. While it waits, the other
  /// process runs at this one's priority if that is more urgent.
  ///
  /// - Parameters:
  ///   - ref: The process to call.
  ///   - timeout: The longest time to wait for the reply; nil waits forever.
  ///   - request: Makes the request from the address for the reply.
  /// - Returns: The reply.
  /// - Throws: ``CallError`` if no reply comes: the timeout passes, the other process has ended or ends, its mailbox is
  ///   full, or it is this process itself. ``ProcessExit`` if this process is told to exit.
  @inlinable
  public func call<M: ~Copyable, Reply: ~Copyable>(
    _ ref: ProcessRef<M>,
    timeout: Duration? = nil,
    _ request: (ReplyTo<Reply>) -> sending M
  ) throws -> sending Reply {
    let (ticket, expense) = try record.beginCall(generation)
    let message = request(ReplyTo(ticket))
    let delivery = Delivery.begin(M.self, ticket: ticket)
    delivery.put(message)
    return try record.finishCall(delivery, ref.record, ref.id, timeout, expense).open(as: Reply.self)
  }

  /// Sends a request with a payload that is moved into it, and parks until the reply.
  ///
  /// The payload may be a graph of class instances that only this process refers to.
  ///
  /// - Parameters:
  ///   - ref: The process to call.
  ///   - payload: The value that becomes a part of the request; this process gives it up.
  ///   - timeout: The longest time to wait for the reply; nil waits forever.
  ///   - request: Makes the request from the payload and the address for the reply.
  /// - Returns: The reply.
  /// - Throws: ``CallError`` if no reply comes, and ``ProcessExit`` if this process is told to exit.
  @inlinable
  public func call<M: ~Copyable, Payload: ~Copyable, Reply: ~Copyable>(
    _ ref: ProcessRef<M>,
    moving payload: consuming sending Payload,
    timeout: Duration? = nil,
    _ request: (consuming sending Payload, ReplyTo<Reply>) -> sending M
  ) throws -> sending Reply {
    let (ticket, expense) = try record.beginCall(generation)
    let message = request(payload, ReplyTo(ticket))
    let delivery = Delivery.begin(M.self, ticket: ticket)
    delivery.put(message)
    return try record.finishCall(delivery, ref.record, ref.id, timeout, expense).open(as: Reply.self)
  }
}

extension Handle<ProcessRecord> {
  /// Returns a ticket for a call, and the process's expense so far.
  ///
  /// The wait is opened only when the request is sent, because the closure that makes the request may wait in the same
  /// cell, for example in a call of its own.
  @usableFromInline
  func beginCall(_ generation: UInt32) throws(ProcessExit) -> (WaitTicket, Int) {
    try suspensionPoint(generation, cost: 0)
    return (newTicket(), expense)
  }

  /// A number that changes whenever the process pays reductions.
  ///
  /// It counts the slices as well, because each slice begins with the same number of reductions.
  @inline(__always)
  private var expense: Int {
    it.usage.slices.total &<< 32 &- Int(it.reductionsLeft)
  }

  /// Sends the request and parks until the result; returns the node of the reply.
  ///
  /// The wait is noted (WE1) behind the request, because the request itself may have to wait for room.
  @usableFromInline
  func finishCall(
    _ delivery: Delivery,
    _ callee: Handle<ProcessRecord>?,
    _ id: ProcessID,
    _ timeout: Duration?,
    _ expenseBefore: Int
  ) throws -> Handle<MessageNode> {
    // Whatever hands something to another process costs reductions.
    let mayBeHandedOn = expense != expenseBefore
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
    defer {
      endEdge()
      endCallLending()
    }
    if let refusal = delivery.finishRequest(to: callee, id, until: deadline) {
      if it.flags.contains(.exiting) { try refuse() }
      return try refusal.reply()
    }
    beginEdge(.call, to: callee, isTimed: deadline != nil, hasSent: 1, mayEndOtherwise: mayBeHandedOn)
    followEdges(from: callee)
    guard let result = awaitAnswer(.call, until: deadline) else {
      if it.flags.contains(.exiting) { try refuse() }
      throw CallError.timedOut
    }
    return try result.reply()
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// Sending: takes a node, moves the message into it, pushes it to the receiver's inbox, and wakes the receiver if it is
// parked.
//
// A send never blocks and never switches to another process, unless the receiver's mailbox is bounded with the policy
// `block` (`MailboxLimit`). Its cost is charged to the sender, which pays at its next suspension point.

import CJoist
import Synchronization

/// A message that is being sent.
///
/// No switch can happen between `begin` and `finish`, so the scheduler stays the same.
@usableFromInline
struct Delivery {
  @usableFromInline let node: Handle<MessageNode>
  let scheduler: Handle<Scheduler>?

  /// Takes a node for a payload of that shape.
  // Sound: the metadata is passed on as it is.
  @usableFromInline
  static func begin(_ shape: NodeShape, _ sizeClass: UInt8, metadata: UnsafeRawPointer) -> Delivery {
    let scheduler = Scheduler.current
    if let scheduler { scheduler.lookForRoom() } else { Scheduler.lookForRoomElsewhere() }
    if let sender = scheduler?.it.running, sender.it.hasToken {
      return unsafe traced(shape, metadata: metadata, sender, scheduler)
    }
    return unsafe Delivery(node: NodePool.take(shape, sizeClass, metadata: metadata, scheduler), scheduler: scheduler)
  }

  /// Takes a node that carries the token of its sender.
  // Sound: the metadata is passed on as it is.
  @inline(never)
  private static func traced(
    _ shape: NodeShape,
    metadata: UnsafeRawPointer,
    _ sender: ProcessHandle,
    _ scheduler: Handle<Scheduler>?
  ) -> Delivery {
    let end = shape.payloadOffset + MessageNode.tokenOffset(bytes: shape.bytes) + MemoryLayout<UInt64>.size
    let larger = NodeShape(shape, allBytes: end)
    let node = unsafe NodePool.take(larger, larger.sizeClass, metadata: metadata, scheduler)
    node.carry(sender.token)
    return Delivery(node: node, scheduler: scheduler)
  }

  /// Takes a node for a message of that type.
  // Sound: a metatype is a pointer to its type's metadata. Likewise below.
  @inlinable
  static func begin<Message: ~Copyable>(_ type: Message.Type) -> Delivery {
    let shape = NodeShape(type)
    return unsafe begin(shape, shape.sizeClass, metadata: unsafeBitCast(type, to: UnsafeRawPointer.self))
  }

  /// Takes a node for a request of that type, with space for the ticket of the caller that waits for the reply (CA1).
  @inlinable
  static func begin<Message: ~Copyable>(_ type: Message.Type, ticket: WaitTicket) -> Delivery {
    let bytes = MemoryLayout<Message>.size
    let more = MessageNode.ticketOffset(bytes: bytes) - bytes + MemoryLayout<WaitTicket>.size
    let shape = NodeShape(type, more: more)
    let delivery = unsafe begin(shape, shape.sizeClass, metadata: unsafeBitCast(type, to: UnsafeRawPointer.self))
    delivery.carry(ticket)
    return delivery
  }

  /// Makes the node a request with that ticket.
  @usableFromInline
  func carry(_ ticket: WaitTicket) {
    node.it.kind = .request
    node.ticket = ticket
  }

  /// Moves the message into the node.
  // Sound: the payload is not initialized yet, and of this type.
  @inlinable
  func put<Message: ~Copyable>(_ message: consuming Message) {
    unsafe node.payload(as: Message.self).pointer.initialize(to: message)
  }

  /// Sends the message; if the process has ended, counts it as dropped and destroys it here.
  @usableFromInline
  func finish(to process: Handle<ProcessRecord>, _ id: ProcessID) {
    guard let scheduler, scheduler.it.pendingWork.isEmpty else { return finishSlowly(to: process, id) }
    note(id, scheduler)
    push(to: process, id)
  }

  /// Does the same on a thread without a scheduler, or with one that has something to do first.
  @inline(never)
  private func finishSlowly(to process: Handle<ProcessRecord>, _ id: ProcessID) {
    note(process, id)
    push(to: process, id)
  }

  // Ordering: guesses (R9).
  @inline(__always)
  private func push(to process: Handle<ProcessRecord>, _ id: ProcessID) {
    guard process.it.generation.load(ordering: .relaxed) == id.generation else { return refuse(process, .noProcess) }
    if process.it.isBounded { return finishBounded(to: process, id) }
    switch process.it.inbox.pushOrClaim(node) {
    case .left(let before):
      if before > 0, let sender = scheduler?.it.running { sender.charge(Cost.crowd(before)) }
    case .claimed: handOver(to: process, id)
    case .refused: refuse(process, .noProcess)
    }
  }

  /// Hands the message to a process that waited for one and was claimed by this thread, and wakes the process (E5).
  // Ordering: relaxed, because the claim has acquired what the process did before it parked, and what earlier processes
  // of the record did.
  @inline(__always)
  private func handOver(to process: Handle<ProcessRecord>, _ id: ProcessID) {
    // The record's next process may have been claimed instead: then it is woken without a message.
    let isReceiver = process.it.generation.load(ordering: .relaxed) == id.generation
    if isReceiver { process.it.arrived = node }
    process.wake(from: scheduler)
    if !isReceiver { refuse(process, .noProcess) }
  }

  @inline(never)
  private func finishBounded(to process: Handle<ProcessRecord>, _ id: ProcessID) {
    if let refusal = process.admit(node, id, .waiting(until: nil)) ?? push(to: process) { refuse(process, refusal) }
  }

  /// Pushes the message, and wakes a process that waits for one; returns `.noProcess` if the process has ended
  /// meanwhile (E6).
  ///
  /// A process that sends may have continued on another thread since `begin`.
  func push(to process: Handle<ProcessRecord>) -> WaitResult? {
    switch process.it.inbox.push(node) {
    case .left: return nil
    case .claimed: process.wake(from: Scheduler.current)
    case .refused: return .noProcess
    }
    return nil
  }

  /// Sends the message, or throws the reason why that is not possible; never waits.
  @usableFromInline
  func tryFinish(to process: Handle<ProcessRecord>, _ id: ProcessID) throws(SendError) {
    note(process, id)
    if let refusal = process.admit(node, id, .atOnce) ?? push(to: process) {
      refuse(process, refusal, isSenderTold: true)
      throw refusal == .noProcess ? .noProcess : .mailboxFull
    }
  }

  /// Sends the message ahead of those that are not urgent (MU1).
  @usableFromInline
  func finishUrgent(to process: Handle<ProcessRecord>, _ id: ProcessID) {
    node.it.isUrgent = true
    finish(to: process, id)
    process.it.signals.raise(.urgentMail)
  }

  /// Sends a request; returns nil if the wait is open, and otherwise the reason why the request was not sent.
  ///
  /// A request that was pushed to the record's next process lies there until that process looks at its mail. Therefore
  /// the caller reads the generation once more after the push.
  // Ordering: relaxed: the next process opens the inbox after the end of the one that was meant, so a push that
  // succeeds there also makes the new generation visible.
  func finishRequest(to process: Handle<ProcessRecord>, _ id: ProcessID, until deadline: Int64?) -> WaitResult? {
    note(process, id)
    if let refusal = process.admit(node, id, .waiting(until: deadline)) {
      refuse(process, refusal, isSenderTold: true)
      return refusal
    }
    let ticket = node.ticket
    ticket.open()
    if let refusal = push(to: process) {
      // The wait is open: `refuse` stores its result.
      refuse(process, refusal)
      return nil
    }
    if process.it.generation.load(ordering: .relaxed) != id.generation {
      _ = ticket.answer(.noProcess, from: Scheduler.current)
    }
    return nil
  }

  /// Stores in the node the receiver's generation, the sender and the time, counts the message, charges the sender, and
  /// does what the scheduler has to do.
  private func note(_ process: Handle<ProcessRecord>, _ id: ProcessID) {
    guard let scheduler else {
      node.it.generation = id.generation
      return process.home.it.counters.messagesSent.add()
    }
    note(id, scheduler)
    if scheduler.it.pendingWork.contains(.recordsMessages) { record(id, scheduler) }
    if scheduler.it.running != nil { scheduler.notifyDeferred() }
  }

  @inline(__always)
  private func note(_ id: ProcessID, _ scheduler: Handle<Scheduler>) {
    node.it.generation = id.generation
    if let sender = scheduler.it.running {
      node.it.sender = sender.it.identity.bits
      sender.it.usage.sent.add()
      sender.charge(Cost.send)
    }
    node.it.sent = scheduler.it.lastClock
    scheduler.it.counters.messagesSent.add()
  }

  private func record(_ id: ProcessID, _ scheduler: Handle<Scheduler>) {
    scheduler.it.ring.write(RecorderEntry(.sent, id), scheduler.it.clock)
    scheduler.record(.message, payload: UInt64(node.bits))
  }

  /// Counts and destroys a message that cannot be delivered; a caller that waits for the reply gets the refusal.
  ///
  /// The message is reported as a dead letter unless its sender gets an error.
  @inline(never)
  func refuse(_ process: Handle<ProcessRecord>, _ refusal: WaitResult, isSenderTold: Bool = false) {
    count(refusal, process.home)
    if !isSenderTold { node.reportDead(process, DeadLetter.Cause(refusal)) }
    node.drop(refusal, from: Scheduler.current)
  }

  /// Counts a message that cannot be delivered.
  func count(_ refusal: WaitResult, _ core: Handle<RuntimeCore>) {
    if refusal == .noProcess { core.it.counters.messagesDropped.add() } else { core.it.counters.messagesRefused.add() }
  }
}

/// The reason why ``ProcessRef/trySend(_:)`` did not send a message.
public enum SendError: Error, Hashable {
  /// The mailbox is full.
  case mailboxFull
  /// The process has ended.
  case noProcess
}

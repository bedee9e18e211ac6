// SPDX-License-Identifier: Apache-2.0
//
// Sending: make a node, move the message in, push it, and wake the receiver if it sleeps.
// A send never blocks and never switches, unless the receiver's mailbox was asked to (`MailboxLimit`); its cost is
// charged to
// the sender as a debt.

import CJoist
import Synchronization

/// A message that is being made.
///
/// Between `begin` and `finish` nothing can switch, so the scheduler stays the same.
@usableFromInline
struct Delivery {
  @usableFromInline let node: Handle<MessageNode>
  let scheduler: Handle<Scheduler>?

  /// A node with room for a payload.
  // Sound: the metadata is passed on as it is.
  @usableFromInline
  static func begin(_ shape: NodeShape, _ sizeClass: UInt8, metadata: UnsafeRawPointer) -> Delivery {
    let scheduler = Scheduler.current
    if let scheduler { scheduler.lookForRoom() } else { Scheduler.lookForRoomElsewhere() }
    return unsafe Delivery(node: NodePool.take(shape, sizeClass, metadata: metadata, scheduler), scheduler: scheduler)
  }

  /// A node for a message of that type.
  // Sound: a metatype is a pointer to its type's metadata. Likewise below.
  @inlinable
  static func begin<Message: ~Copyable>(_ type: Message.Type) -> Delivery {
    let shape = NodeShape(type)
    return unsafe begin(shape, shape.sizeClass, metadata: unsafeBitCast(type, to: UnsafeRawPointer.self))
  }

  /// A node for a request of that type, with room for the ticket of who waits for the answer (CA1).
  @inlinable
  static func begin<Message: ~Copyable>(_ type: Message.Type, ticket: WaitTicket) -> Delivery {
    let bytes = MemoryLayout<Message>.size
    let more = MessageNode.ticketOffset(bytes: bytes) - bytes + MemoryLayout<WaitTicket>.size
    let shape = NodeShape(type, more: more)
    let delivery = unsafe begin(shape, shape.sizeClass, metadata: unsafeBitCast(type, to: UnsafeRawPointer.self))
    delivery.carry(ticket)
    return delivery
  }

  /// It is a request, and this the ticket of who waits.
  @usableFromInline
  func carry(_ ticket: WaitTicket) {
    node.it.kind = .request
    node.ticket = ticket
  }

  /// Moves the message in.
  // Sound: the payload is not initialised yet, and of this type.
  @inlinable
  func put<Message: ~Copyable>(_ message: consuming Message) {
    unsafe node.payload(as: Message.self).pointer.initialize(to: message)
  }

  /// Sends it.
  ///
  /// To the dead it is dropped and counted; the message is destroyed here then.
  // Ordering: guesses (R9).
  @usableFromInline
  func finish(to process: Handle<ProcessRecord>, _ id: ProcessID) {
    note(process, id)
    guard process.it.generation.load(ordering: .relaxed) == id.generation else { return refuse(process, .noProcess) }
    if process.it.isBounded.load(ordering: .relaxed) { return finishBounded(to: process, id) }
    switch process.it.inbox.pushOrClaim(node) {
    case .left(let before):
      if before > 0, let sender = scheduler?.it.running { sender.charge(Cost.crowd(before)) }
    case .claimed: handOver(to: process, id)
    case .refused: refuse(process, .noProcess)
    }
  }

  /// The process waited for it, and is the caller's now (E5).
  // Ordering: relaxed, for the claim has acquired what it did before it parked, and what its predecessors did.
  @inline(__always)
  private func handOver(to process: Handle<ProcessRecord>, _ id: ProcessID) {
    // The record's next process may have been claimed instead: it is woken for nothing.
    let isIt = process.it.generation.load(ordering: .relaxed) == id.generation
    if isIt { process.it.arrived = node }
    process.wake(from: scheduler)
    if !isIt { refuse(process, .noProcess) }
  }

  @inline(never)
  private func finishBounded(to process: Handle<ProcessRecord>, _ id: ProcessID) {
    if let refusal = process.admit(node, id, .waiting(until: nil)) ?? push(to: process) { refuse(process, refusal) }
  }

  /// Pushes it, and wakes who waits for it; why not, where the process has ended since it was looked at (E6).
  ///
  /// The process that sends may have gone on on another thread since `begin`.
  func push(to process: Handle<ProcessRecord>) -> WaitResult? {
    switch process.it.inbox.push(node) {
    case .left: return nil
    case .claimed: process.wake(from: Scheduler.current)
    case .refused: return .noProcess
    }
    return nil
  }

  /// Sends it, or says why not; never waits.
  @usableFromInline
  func tryFinish(to process: Handle<ProcessRecord>, _ id: ProcessID) throws(SendError) {
    note(process, id)
    if let refusal = process.admit(node, id, .atOnce) ?? push(to: process) {
      refuse(process, refusal, isSenderTold: true)
      throw refusal == .noProcess ? .noProcess : .mailboxFull
    }
  }

  /// Sends it ahead of what is not urgent.
  @usableFromInline
  func finishUrgent(to process: Handle<ProcessRecord>, _ id: ProcessID) {
    node.it.isUrgent = true
    finish(to: process, id)
    process.it.signals.raise(.urgentMail)
  }

  /// Sends a request, or says why not.
  ///
  /// One that was pushed to the record's next process lies there until that looks at its mail: so whoever asks looks
  /// again.
  // Ordering: the next process opens the inbox after the end of this one, whose new generation the push sees then:
  // relaxed.
  func finishRequest(to process: Handle<ProcessRecord>, _ id: ProcessID, until deadline: Int64?) -> WaitResult? {
    note(process, id)
    if let refusal = process.admit(node, id, .waiting(until: deadline)) {
      refuse(process, refusal, isSenderTold: true)
      return refusal
    }
    let ticket = node.ticket
    ticket.open()
    if let refusal = push(to: process) {
      // The wait is open: it ends with the answer that this brings.
      refuse(process, refusal)
      return nil
    }
    if process.it.generation.load(ordering: .relaxed) != id.generation {
      _ = ticket.answer(.noProcess, from: Scheduler.current)
    }
    return nil
  }

  /// What a message knows of its sending, and who pays.
  @inline(__always)
  private func note(_ process: Handle<ProcessRecord>, _ id: ProcessID) {
    node.it.generation = id.generation
    guard let scheduler else { return process.home.it.counters.messagesSent.add() }
    if let sender = scheduler.it.running {
      node.it.sender = sender.it.identity.bits
      sender.charge(Cost.send)
      scheduler.signalDeferred()
    }
    node.it.sent = scheduler.it.lastClock
    scheduler.it.counters.messagesSent.add()
  }

  /// Drops and counts a message that cannot be delivered, and tells whoever waits for the answer.
  ///
  /// Where the sender itself is told, by an error, it is no dead letter.
  @inline(never)
  func refuse(_ process: Handle<ProcessRecord>, _ answer: WaitResult, isSenderTold: Bool = false) {
    count(answer, process.home)
    if !isSenderTold { node.reportDead(process, DeadLetter.Cause(answer)) }
    node.drop(answer, from: Scheduler.current)
  }

  /// Counts a message that cannot be delivered.
  func count(_ answer: WaitResult, _ core: Handle<RuntimeCore>) {
    if answer == .noProcess { core.it.counters.messagesDropped.add() } else { core.it.counters.messagesRefused.add() }
  }
}

/// Why `trySend` did not send.
public enum SendError: Error, Hashable {
  /// The mailbox holds as much as it may.
  case mailboxFull
  /// The process has ended.
  case noProcess
}

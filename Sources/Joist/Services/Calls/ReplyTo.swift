// SPDX-License-Identifier: Apache-2.0
//
// The address for one reply. A reply does not pass through the caller's mailbox: it goes into the cell in which the
// caller waits (WC3). So unread messages cost a call nothing, and a late reply changes nothing.

/// The address for the one reply to a request, a part of that request.
///
/// Takes 16 bytes and keeps nothing alive. The called process may store it, or hand it to another process that replies
/// later. If no process replies while the called process lives, the caller waits for its timeout, or forever without
/// one.
public struct ReplyTo<Reply: ~Copyable>: Sendable {
  @usableFromInline let ticket: WaitTicket

  @usableFromInline
  init(_ ticket: WaitTicket) { self.ticket = ticket }
}

extension ReplyTo where Reply: ~Copyable {
  /// Moves the reply to the caller that waits for it; never waits.
  ///
  /// Any process or thread may call it. A reply that comes too late, or is not the first one, is destroyed and counted.
  @inlinable
  public func send(_ reply: consuming sending Reply) {
    let delivery = Delivery.begin(Reply.self)
    delivery.put(reply)
    delivery.finishReply(to: ticket)
  }
}

extension ReplyTo where Reply == Void {
  /// Tells the caller that the request is done; never waits.
  @inlinable
  public func send() { send(()) }
}

extension Delivery {
  /// Stores the reply in the caller's cell, or destroys and counts it if the call is over.
  @usableFromInline
  func finishReply(to ticket: WaitTicket) {
    if let scheduler, let sender = scheduler.it.running {
      sender.charge(Cost.send)
      sender.noteHandOn(isPaid: true)
      scheduler.notifyDeferred()
    }
    if ticket.answer(WaitResult(node), from: scheduler) { return }
    let home = ticket.home ?? scheduler?.it.runtime
    home?.it.counters.repliesDropped.add()
    node.discard()
  }
}

extension WaitTicket {
  /// Tells the caller that the process that was to reply has ended.
  func fail(_ reason: ExitReason) {
    guard isAwaited else { return }
    let delivery = Delivery.begin(ExitReason.self)
    delivery.node.it.kind = .exit
    delivery.put(reason)
    if !answer(WaitResult(delivery.node), from: delivery.scheduler) { delivery.node.discard() }
  }
}

/// The reason why a call got no reply.
///
/// A caller that is itself told to exit throws ``ProcessExit``.
public enum CallError: Error {
  /// The timeout passed first.
  case timedOut
  /// The called process has ended, before or after it received the request; with ``ExitReason/noProcess`` if it had
  /// ended before the call.
  case exited(ExitReason)
  /// The mailbox was full and did not accept the request.
  case mailboxFull
  /// The request was discarded unread, by `flush` or by the policy ``SpawnOptions/WhenFull/dropOldest``.
  case discarded
  /// The call was a part of a deadlock, and ended to break it (``DeadlockPolicy/breakYoungest``).
  case deadlock
  /// A process called itself, or was called by its own `blocking` closure: it would wait for its own reply forever.
  case toItself
}

extension CallError: CustomStringConvertible {
  /// The name of the case; for ``toItself`` and ``deadlock``, which are programming errors, a sentence.
  public var description: String {
    switch self {
    case .timedOut: "timedOut"
    case .exited(let reason): "exited(\(reason))"
    case .mailboxFull: "mailboxFull"
    case .discarded: "discarded"
    case .deadlock: "the called process waits for this one, and neither could go on"
    case .toItself: "a process cannot call itself: it would wait for its own reply"
    }
  }
}

extension WaitResult {
  /// Returns the node of the reply, which the caller opens, or throws the call's error.
  func reply() throws(CallError) -> Handle<MessageNode> {
    if let node {
      if node.it.kind != .exit { return node }
      throw .exited(node.open(as: ExitReason.self))
    }
    switch self {
    case .mailboxFull: throw .mailboxFull
    case .discarded: throw .discarded
    case .deadlock: throw .deadlock
    case .noProcess: throw .exited(.noProcess)
    default: throw .timedOut
    }
  }
}

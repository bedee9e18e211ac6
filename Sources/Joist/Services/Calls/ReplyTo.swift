// SPDX-License-Identifier: Apache-2.0
//
// The address of one reply. It does not pass through the mailbox of who asked: it goes into the cell where that one
// waits (WC3), so unread messages cost a call nothing, and a late reply changes nothing.

/// A one-shot reply address inside a request: 16 bytes, keeps nothing alive.
public struct ReplyTo<Reply: ~Copyable>: Sendable {
  @usableFromInline let ticket: WaitTicket

  @usableFromInline
  init(_ ticket: WaitTicket) { self.ticket = ticket }
}

extension ReplyTo where Reply: ~Copyable {
  /// Moves the reply to whoever waits for it; never blocks, any process or thread may do it.
  ///
  /// One that comes late, or a second time, is destroyed and counted.
  @inlinable
  public func send(_ reply: consuming sending Reply) {
    let delivery = Delivery.begin(Reply.self)
    delivery.put(reply)
    delivery.finishReply(to: ticket)
  }
}

extension ReplyTo where Reply == Void {
  /// Says that it is done.
  @inlinable
  public func send() { send(()) }
}

extension Delivery {
  /// Puts the reply where it is waited for.
  @usableFromInline
  func finishReply(to ticket: WaitTicket) {
    if let scheduler, let sender = scheduler.it.running {
      sender.charge(Cost.send)
      scheduler.signalDeferred()
    }
    if ticket.answer(WaitResult(node), from: scheduler) { return }
    let home = ticket.home ?? scheduler?.it.runtime
    home?.it.counters.repliesDropped.add()
    node.discard()
  }
}

extension WaitTicket {
  /// Tells who waits that the process that was to answer has ended.
  func fail(_ reason: ExitReason) {
    guard isAwaited else { return }
    let delivery = Delivery.begin(ExitReason.self)
    delivery.node.it.kind = .exit
    delivery.put(reason)
    if !answer(WaitResult(delivery.node), from: delivery.scheduler) { delivery.node.discard() }
  }
}

/// Why a call brought no reply.
///
/// A caller that is itself told to exit throws ``ProcessExit``.
public enum CallError: Error {
  /// The time was over first.
  case timedOut
  /// Who was asked has ended, before or after it read the request; `noProcess` if that was before the call.
  case exited(ExitReason)
  /// The mailbox did not take the request.
  case mailboxFull
  /// The request was thrown away unread, by `flush` or for later messages.
  case discarded
  /// A process called itself, or was called in its own `blocking` closure: it would wait for its own reply forever.
  case toItself
}

extension CallError: CustomStringConvertible {
  /// The case's name; a sentence for the one that is a mistake.
  public var description: String {
    switch self {
    case .timedOut: "timedOut"
    case .exited(let reason): "exited(\(reason))"
    case .mailboxFull: "mailboxFull"
    case .discarded: "discarded"
    case .toItself: "a process cannot call itself: it would wait for its own reply"
    }
  }
}

extension WaitResult {
  /// The reply, for the caller to open, or what the call throws.
  func reply() throws(CallError) -> Handle<MessageNode> {
    if let node {
      if node.it.kind != .exit { return node }
      throw .exited(node.open(as: ExitReason.self))
    }
    switch self {
    case .mailboxFull: throw .mailboxFull
    case .discarded: throw .discarded
    case .noProcess: throw .exited(.noProcess)
    default: throw .timedOut
    }
  }
}

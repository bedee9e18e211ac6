// SPDX-License-Identifier: Apache-2.0
//
// What carries one message: a header, and the message itself behind it.
// K1. A node belongs to its sender until it is pushed, to the inbox until the owner takes it, then to the owner.
// K2. It names the generation it was sent to. Whoever has the record discards nodes for another generation.
// K3. Its payload is destroyed exactly once: moved out by a receive, or destroyed by `discard`.

import CJoist

/// The header of a message.
///
/// The payload follows at `payloadOffset`.
@safe
@usableFromInline
package struct MessageNode: ~Copyable {
  /// The next older message in an inbox, the next newer one in a mailbox.
  var next: Handle<MessageNode>?
  /// The payload's Swift type: how `discard` destroys what it does not know.
  let metadata: UnsafeRawPointer
  /// Who sent it; zero bits for a thread that is no process.
  var sender: UInt64 = 0
  /// The cheap clock when it was sent.
  var sent: UInt64 = 0
  /// The process it is for (K2); of a notice, once it is in a mailbox, the monitor's number.
  var generation: UInt32 = 0
  /// The payload's size, as far as it fits.
  let bytes: UInt32
  /// From the header's beginning.
  let payloadOffset: UInt16
  /// Where the memory came from: a class of `NodePool`, or `NodePool.fromMalloc`.
  let sizeClass: UInt8
  /// What it is.
  var kind: Kind = .message
  /// It goes before those that are not (MU1).
  var isUrgent = false
  /// It came too late for an earlier process of the record, and lies in a mailbox only to be destroyed.
  var isLate = false

  /// What a node carries.
  @usableFromInline
  enum Kind: UInt8 {
    /// A value of the receiver's message type.
    case message
    /// Likewise, and somebody waits for the answer: the ticket lies behind the payload (CA1).
    case request
    /// An `ExitReason`: somebody tells the process to exit.
    case exit
    /// An `ExitReason`: a process that this one is linked to has ended. In place of the time is where the link is.
    case linkExit
    /// A `Down` of a monitor.
    case down
    /// A message that the process had made of one of the last two or three: no mailbox refuses it.
    case notice
    /// A notice of an exit signal of the process's parent, with which it ends (PE1).
    case parentExit
    /// A `Priority` that the process is to have from now on.
    case priority
    /// What could not be delivered, to be destroyed (TM4).
    case remains
    /// A `MessageMaker`: the receiver makes the message itself.
    case maker

    /// Whether somebody has sent it as a message.
    var isOfSenders: Bool { self == .message || self == .request || self == .maker }
  }

  /// Whether it is for the process's body.
  var isMessage: Bool { kind == .message || kind == .request || isNotice }
  /// Whether the process had it made, and no mailbox refuses it.
  private var isNotice: Bool { kind == .notice || kind == .parentExit }
  /// Whether it has been counted as sent: a message, or what makes one.
  var wasSent: Bool { isMessage || kind == .maker }
  /// Whether a mailbox with a maximum has let it in, and counts it.
  var isCounted: Bool { !isNotice }
}

extension MessageNode {
  /// The memory that it takes: its block's, or from malloc.
  var blockBytes: Int {
    sizeClass < NodePool.fromReserve ? NodePool.bytes(ofClass: Int(sizeClass)) : Int(payloadOffset) + Int(bytes)
  }

  /// The header's size; payloads of up to sixteen bytes share its cache line.
  @inlinable static var headerBytes: Int { 48 }

  /// Where a payload with that alignment begins.
  @inlinable @inline(__always)
  static func offset(alignment: Int) -> Int { max(headerBytes, alignment) }

  /// From the payload to the ticket behind it.
  @inlinable
  static func ticketOffset(bytes: Int) -> Int { (bytes + 7) & ~7 }
}

extension Handle<MessageNode> {
  /// The payload, as the type that it was sent as.
  // Sound: the caller's type is the one it was made for; the offset is computed from the same type.
  @inlinable
  func payload<Value: ~Copyable>(as type: Value.Type) -> Handle<Value> {
    let offset = MessageNode.offset(alignment: MemoryLayout<Value>.alignment)
    let raw = unsafe UnsafeMutableRawPointer(pointer)
    return unsafe Handle<Value>((raw + offset).assumingMemoryBound(to: Value.self))
  }

  /// Moves the payload out and gives the node back (K3).
  // Sound: the owner does this once, and the node is not looked at again.
  @inlinable
  func open<Value: ~Copyable>(as type: Value.Type) -> Value {
    let value = unsafe payload(as: type).pointer.move()
    NodePool.give(self)
    return value
  }

  // Sound: the metadata is that of the payload's type.
  /// The payload's type in words.
  var typeName: String { unsafe "\(unsafeBitCast(it.metadata, to: Any.Type.self))" }

  /// The ticket of a request.
  // Sound: a request's node has room for it there, and it is written before the node is sent.
  var ticket: WaitTicket {
    get { unsafe ticketPlace.load(as: WaitTicket.self) }
    nonmutating set { unsafe ticketPlace.storeBytes(of: newValue, as: WaitTicket.self) }
  }

  private var ticketPlace: UnsafeMutableRawPointer {
    unsafe UnsafeMutableRawPointer(pointer) + Int(it.payloadOffset) + MessageNode.ticketOffset(bytes: Int(it.bytes))
  }

  /// Whether no user's code runs when the payload is destroyed.
  // Sound: as above.
  var isTrivial: Bool { unsafe joist_value_is_trivial(it.metadata) }

  /// Destroys a message that nobody will read; who waits for the answer to it is told so.
  func drop(_ answer: WaitResult, from scheduler: Handle<Scheduler>?) {
    if it.kind == .request { _ = ticket.answer(answer, from: scheduler) }
    discard()
  }

  /// Destroys the payload and gives the node back (K3); allocates nothing.
  ///
  /// The node first, for a `deinit` may trap.
  // Sound: the metadata is the payload's own, and it has not been moved out; it is moved to where there is room for it.
  // One from malloc or the reserve stays where it is.
  func discard() {
    if isTrivial { return NodePool.give(self) }
    let payload = unsafe UnsafeMutableRawPointer(pointer) + Int(it.payloadOffset)
    let metadata = unsafe it.metadata
    guard it.sizeClass < NodePool.fromReserve else {
      unsafe joist_value_destroy(payload, metadata)
      return NodePool.give(self)
    }
    // On the stack, as a constant size and this alignment are: a header is as long as an alignment may ask for more.
    unsafe withUnsafeTemporaryAllocation(byteCount: NodePool.maxBytes, alignment: 16) { room in
      let place = unsafe room.baseAddress!.alignedUp(toMultipleOf: NodePool.minBytes)
      unsafe joist_value_move(place, payload, metadata)
      NodePool.give(self)
      unsafe joist_value_destroy(place, metadata)
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// The node that carries one message: a header, with the message itself behind it. The payload is consumed exactly once:
// moved out by a receive, or destroyed by `discard`.
// K1. A node belongs to its sender until it is pushed, then to the inbox until the owner takes it, then to the owner.
// K2. A node names the generation that it was sent to. The process that has the record discards nodes of other
//     generations.

import CJoist

/// The header of a message; the payload follows at `payloadOffset`.
@safe
@usableFromInline
package struct MessageNode: ~Copyable {
  /// The next older message in an inbox, the next newer one in a mailbox.
  var next: Handle<MessageNode>?
  /// The metadata of the payload's Swift type, by which `discard` destroys it.
  let metadata: UnsafeRawPointer
  /// The bits of the sender's `ProcessID`; zero for a thread that is not a process.
  var sender: UInt64 = 0
  /// The count of the scheduler's clock when it was sent.
  var sent: UInt64 = 0
  /// The generation of the process that it is for (K2); for a monitor's notice in a mailbox, the monitor's number.
  var generation: UInt32 = 0
  /// The payload's size in bytes, saturated.
  let bytes: UInt32
  /// The distance from the header's beginning to the payload, in bytes.
  let payloadOffset: UInt16
  /// The origin of the memory: a class of `NodePool`, `NodePool.fromMalloc`, or `NodePool.fromReserve`.
  let sizeClass: UInt8
  /// What the payload is.
  var kind: Kind = .message
  /// Whether it goes before the messages that are not urgent (MU1).
  var isUrgent = false
  /// Whether it came too late for an earlier process of the record, and lies in a mailbox only to be destroyed.
  var isLate = false

  /// Whether it carries a trace token, behind the payload and the place of a ticket (TK1).
  var hasToken = false

  /// What a node carries.
  @usableFromInline
  enum Kind: UInt8 {
    /// A value of the receiver's message type.
    case message
    /// A message whose sender waits for a reply: the ticket lies behind the payload (CA1).
    case request
    /// An exit signal from a process or a thread: the payload is an `ExitPayload`.
    ///
    /// As the result of a call, the node has the callee's `ExitReason`.
    case exit
    /// An exit signal over a link: the payload is an `ExitPayload`, and `sent` holds the link's index.
    case linkExit
    /// A `Down` of a monitor.
    case down
    /// A message that the process has made of an exit signal or a `Down`: no mailbox refuses it.
    case notice
    /// A notice that was made of an exit signal of the parent with which the process ends (PE1).
    case parentExit
    /// A `Priority` that the process takes as its own.
    case priority
    /// A message that could not be delivered, to be destroyed (TM4).
    case remains
    /// A `MessageMaker`, with which the receiver makes the message itself.
    case maker

    /// Whether a sender has sent it as a message.
    var isOfSenders: Bool { self == .message || self == .request || self == .maker }
  }

  /// Whether the process's body receives it.
  @inline(__always)
  var isMessage: Bool { kind == .message || kind == .request || isNotice }
  /// Whether the process has made it, so that no mailbox refuses it.
  @inline(__always)
  private var isNotice: Bool { kind == .notice || kind == .parentExit }
  /// Whether it was counted as sent: a message, or a maker of one.
  var wasSent: Bool { isMessage || kind == .maker }
  /// Whether a bounded mailbox counts it (MB1).
  var isCounted: Bool { !isNotice }
}

extension MessageNode {
  /// The bytes of memory that it takes, from the pool or from malloc.
  var blockBytes: Int {
    sizeClass < NodePool.fromReserve ? NodePool.bytes(ofClass: Int(sizeClass)) : Int(payloadOffset) + Int(bytes)
  }

  /// The header's size in bytes; a payload of up to sixteen bytes shares its cache line.
  @inlinable static var headerBytes: Int { 48 }

  /// Returns the distance from the header's beginning to a payload with that alignment.
  @inlinable @inline(__always)
  static func offset(alignment: Int) -> Int { max(headerBytes, alignment) }

  /// Returns the distance from a payload of that size to the ticket behind it.
  @inlinable
  static func ticketOffset(bytes: Int) -> Int { (bytes + 7) & ~7 }

  /// Returns the distance from a payload of that size to the token behind it (TK1).
  static func tokenOffset(bytes: Int) -> Int { ticketOffset(bytes: bytes) + MemoryLayout<WaitTicket>.size }
}

extension Handle<MessageNode> {
  /// The payload, as the type that it was sent as.
  // Sound: the caller's type is that of the payload; the offset is computed from the same type.
  @inlinable
  func payload<Value: ~Copyable>(as type: Value.Type) -> Handle<Value> {
    let offset = MessageNode.offset(alignment: MemoryLayout<Value>.alignment)
    let raw = unsafe UnsafeMutableRawPointer(pointer)
    return unsafe Handle<Value>((raw + offset).assumingMemoryBound(to: Value.self))
  }

  /// Moves the payload out and returns the node to its pool.
  // Sound: the owner does this once, and the node is not used again.
  @inlinable
  func open<Value: ~Copyable>(as type: Value.Type) -> Value {
    let value = unsafe payload(as: type).pointer.move()
    NodePool.give(self)
    return value
  }

  // Sound: the metadata is that of the payload's type.
  /// The name of the payload's type.
  var typeName: String { unsafe "\(unsafeBitCast(it.metadata, to: Any.Type.self))" }

  /// The ticket of a request.
  // Sound: a request's node has space for it there, and it is written before the node is sent.
  var ticket: WaitTicket {
    get { unsafe ticketAddress.load(as: WaitTicket.self) }
    nonmutating set { unsafe ticketAddress.storeBytes(of: newValue, as: WaitTicket.self) }
  }

  private var ticketAddress: UnsafeMutableRawPointer {
    unsafe UnsafeMutableRawPointer(pointer) + Int(it.payloadOffset) + MessageNode.ticketOffset(bytes: Int(it.bytes))
  }

  /// The token that it carries.
  // Sound: a node that carries a token has its place, which `carry` has written.
  var token: TraceToken? { it.hasToken ? TraceToken(unsafe tokenAddress.load(as: UInt64.self)) : nil }

  /// Gives a node that has a place for it a token.
  // Sound: as above.
  func carry(_ token: TraceToken?) {
    unsafe tokenAddress.storeBytes(of: token?.number ?? 0, as: UInt64.self)
    it.hasToken = true
  }

  private var tokenAddress: UnsafeMutableRawPointer {
    unsafe UnsafeMutableRawPointer(pointer) + Int(it.payloadOffset) + MessageNode.tokenOffset(bytes: Int(it.bytes))
  }

  /// Whether no user's code runs when the payload is destroyed.
  // Sound: the metadata is that of the payload's type.
  var isTrivial: Bool { unsafe joist_value_is_trivial(it.metadata) }

  /// Destroys a message that will not be received; a caller that waits for the reply gets the result instead.
  func drop(_ result: WaitResult, from scheduler: Handle<Scheduler>?) {
    if it.kind == .request { _ = ticket.answer(result, from: scheduler) }
    discard()
  }

  /// Destroys the payload and returns the node to its pool; allocates nothing.
  ///
  /// The node is returned first, because a `deinit` may trap.
  // Sound: the metadata is the payload's own, and the payload has not been moved out; it is moved to memory that is
  // large enough. The payload of a node from malloc or the reserve stays where it is.
  func discard() {
    if isTrivial { return NodePool.give(self) }
    let payload = unsafe UnsafeMutableRawPointer(pointer) + Int(it.payloadOffset)
    let metadata = unsafe it.metadata
    guard it.sizeClass < NodePool.fromReserve else {
      unsafe joist_value_destroy(payload, metadata)
      return NodePool.give(self)
    }
    // A constant size and this alignment make it a part of the stack. Aligning it further takes at most the length of a
    // header.
    unsafe withUnsafeTemporaryAllocation(byteCount: NodePool.maxBytes, alignment: 16) { space in
      let target = unsafe space.baseAddress!.alignedUp(toMultipleOf: NodePool.minBytes)
      unsafe joist_value_move(target, payload, metadata)
      NodePool.give(self)
      unsafe joist_value_destroy(target, metadata)
    }
  }
}

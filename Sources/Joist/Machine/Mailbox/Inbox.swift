// SPDX-License-Identifier: Apache-2.0
//
// The inbox of a process: one atomic word that holds the messages that others have pushed, and says whether the process
// is parked. A send costs one atomic operation, whether it wakes the receiver or not: a push that finds `mailWakes`
// clears that flag and `parked` in the same compare-exchange.
//
// E1. The word has three parts.
//     - Bits 48–63: the number of unread messages, saturated. It counts those that lie here, and those that the owner
//       still had when it last emptied the inbox.
//     - Bits 3–47: the address of the newest message, to which the older ones are linked. Addresses have 48 bits on
//       the systems that Joist supports.
//     - Bits 0–2: three flags. `open`: the record has a process, and its end has not emptied the inbox yet. `parked`:
//       the process neither runs nor is queued. `mailWakes`: a message wakes it.
// E2. A thread that clears `parked` has the process exclusively: it must run it, queue it, or park it again.
// E4. Only the thread that has the process parks it, and with `mailWakes` only while the inbox has no message. So a
//     message that comes between a receive's last look and its parking makes the parking fail.
// E5. A sender that claims a process by a message has the process, and hands it the message directly (`arrived`). The
//     message does not go through the inbox, which saves the receiver an atomic operation. By then all earlier messages
//     have been taken out.
// E6. The end of a process clears `open` in the exchange that takes out the last messages; the record's next process
//     sets it. Nothing is pushed to a word without `open`: the sender keeps its node. So no message lies in a record
//     that has no process. Memory that was given back reads as zero, which has no `open` (R10). A message for an
//     earlier process of the record may still be pushed to the next one, which discards it (K2).
//
// Rejected: a separate word for "waits", which senders read after they push. It costs one more read-modify-write to
// park, one more to wake, and a fence between the push and the look.
//
// Ordering: after `begin` the word is changed by atomic read-modify-writes only, all of them sequentially consistent.
// On x86-64 an atomic read-modify-write is sequentially consistent anyway. On ARM64 it is the same instruction as one
// that acquires and releases, which `push`, `claim` and `takeAll` need to pass on messages and the process. `park`,
// `claim`, `see` and `takeAll` must be sequentially consistent; their comments say for which rule. A first load is
// relaxed where a compare-exchange follows, which fails if the loaded value is old. Where a function returns on that
// load alone, the comments of `push` and `park` have the argument.

import Synchronization

/// The messages on their way to a process, and whether it is parked.
package struct Inbox: ~Copyable {
  private let word = Atomic<UInt>(0)

  /// The flags of the word (E1).
  private static var parked: UInt { 1 }
  private static var mailWakes: UInt { 2 }
  private static var open: UInt { 4 }
  private static var flags: UInt { 7 }
  /// The bits of the address.
  private static var address: UInt { 0xffff_ffff_fff8 }
  /// One message, in the bits that count them.
  private static var one: UInt { 1 << 48 }

  /// The outcome of a push.
  enum Pushed {
    /// The message lies in the inbox; the value is the number of unread messages before it.
    case left(before: Int)
    /// The caller has the process now, and must make it ready (E2).
    case claimed
    /// The record has no process: the node still belongs to the caller (E6).
    case refused
  }

  /// Pushes a message (K1).
  // Ordering: releasing publishes the message to `takeAll`. Acquiring pairs with the parking, because the caller may
  // have the process afterwards, and with the exchange in `end`: a thread that pushes after that sees the next
  // generation. `.refused` follows from the relaxed load alone. A sender has the process's id from its spawn, directly
  // or through other threads, so it reads the word that `begin` stored or a newer one. A word without `open` is newer:
  // the process has ended. A sender that finds the name of a process that is just being spawned may be refused, too.
  @inline(__always)
  func push(_ node: Handle<MessageNode>) -> Pushed {
    var old = word.load(ordering: .relaxed)
    while true {
      let claims = old & (Inbox.open | Inbox.mailWakes) != Inbox.open
      if claims && old & Inbox.open == 0 { return .refused }
      SchedulePoint.betweenSteps()
      let (done, seen) = link(node, in: old, claims ? Inbox.open : old & (Inbox.open | Inbox.parked))
      if done { return claims ? .claimed : .left(before: Int(old >> 48)) }
      old = seen
    }
  }

  /// Claims the process if it waits for a message (E5), and pushes the message otherwise.
  // Ordering: as `push`.
  @inline(__always)
  func pushOrClaim(_ node: Handle<MessageNode>) -> Pushed {
    var old = word.load(ordering: .relaxed)
    while true {
      SchedulePoint.betweenSteps()
      if old & (Inbox.open | Inbox.mailWakes) != Inbox.open {
        if old & Inbox.open == 0 { return .refused }
        let (done, seen) = word.weakCompareExchange(
          expected: old,
          desired: Inbox.open,
          ordering: .sequentiallyConsistent
        )
        if done { return .claimed }
        old = seen
      } else {
        let (done, seen) = link(node, in: old, old & (Inbox.open | Inbox.parked))
        if done { return .left(before: Int(old >> 48)) }
        old = seen
      }
    }
  }

  /// Opens the inbox for the record's next process (E6).
  // Ordering: relaxed; published with the rest of the record when the process is made ready. No other thread changes
  // the word meanwhile.
  @inline(__always)
  func begin() { word.store(Inbox.open, ordering: .relaxed) }

  /// Takes out all messages, the newest first, and closes the inbox (E6); a second call takes none.
  // Ordering: as `takeAll`.
  func end() -> Handle<MessageNode>? {
    SchedulePoint.betweenSteps()
    return Handle(bits: word.exchange(0, ordering: .sequentiallyConsistent) & Inbox.address)
  }

  /// Tries to link a message to the older ones, and to set these flags; returns whether it did, and the word it found.
  @inline(__always)
  private func link(_ node: Handle<MessageNode>, in old: UInt, _ flags: UInt) -> (Bool, UInt) {
    node.it.next = Handle(bits: old & Inbox.address)
    let count = min(old & ~(Inbox.one - 1), ~(Inbox.one - 1) - Inbox.one) + Inbox.one
    let (done, seen) = word.weakCompareExchange(
      expected: old,
      desired: node.bits | flags | count,
      ordering: .sequentiallyConsistent
    )
    return (done, seen)
  }

  /// Parks the process; returns false if it would wait for a message and one is there (E4).
  // Ordering: releasing publishes the process to the thread that claims it; acquiring orders two threads that have it
  // one after the other. Sequentially consistent, before the loads of `Signals.ordered` (G2) and `OneShot.isAnswered`
  // (WC5), and for stack slots (U9). The relaxed load alone decides that a message is there: messages stay until the
  // caller takes them.
  @inline(__always)
  func park(mailWakes: Bool) -> Bool {
    if mailWakes {
      let old = word.load(ordering: .relaxed)
      SchedulePoint.betweenSteps()
      return old & Inbox.address == 0
        && word.compareExchange(expected: old, desired: Inbox.flags, ordering: .sequentiallyConsistent).exchanged
    }
    SchedulePoint.betweenSteps()
    word.bitwiseOr(Inbox.parked, ordering: .sequentiallyConsistent)
    return true
  }

  /// Claims the process (E2); returns false if it is not parked, or another thread claims it first.
  // Ordering: acquiring pairs with `park`. The first load is sequentially consistent, after `Signals.raise` (G2) or
  // `OneShot.resolve` (WC5): if it finds the process not parked, the thread that parks it finds the signal or the
  // result.
  func claim() -> Bool {
    var old = word.load(ordering: .sequentiallyConsistent)
    while old & Inbox.parked != 0 {
      SchedulePoint.betweenSteps()
      let (done, seen) = word.weakCompareExchange(
        expected: old,
        desired: old & ~(Inbox.parked | Inbox.mailWakes),
        ordering: .sequentiallyConsistent
      )
      if done { return true }
      old = seen
    }
    return false
  }

  /// Whether no message lies in the inbox; the owner's quick look.
  // Ordering: relaxed: a message that this load misses makes the parking fail (E4). A message for which a signal was
  // raised is not missed, because `Signals.clear` acquires.
  @inline(__always)
  var isEmpty: Bool { word.load(ordering: .relaxed) & Inbox.address == 0 }

  /// Whether the process is parked; read while no thread changes the word.
  // Ordering: acquiring pairs with `park`, because the process's fields are read next.
  var isParkedAtRest: Bool { word.load(ordering: .acquiring) & Inbox.parked != 0 }
  /// The newest message, to which the older ones are linked; read while no thread changes the word.
  // Ordering: acquiring, in order to read the messages.
  var newestAtRest: Handle<MessageNode>? { Handle(bits: word.load(ordering: .acquiring) & Inbox.address) }

  /// The number of unread messages, as the word counts them (E1).
  // Ordering: relaxed, a guess.
  @inline(__always)
  var unread: Int { Int(word.load(ordering: .relaxed) >> 48) }

  /// Makes visible what the owner did before its last `takeAll` (PX2).
  // Ordering: acquiring pairs with `takeAll`: later the word is changed by atomic read-modify-writes only, which pass
  // on what `takeAll` published. Sequentially consistent for PX2.
  @inline(__always)
  func see() { _ = word.load(ordering: .sequentiallyConsistent) }

  /// Takes out all messages, the newest first, and stores the number of messages that are unread then; only for the
  /// thread that has the process.
  // Ordering: acquiring pairs with the pushes; releasing pairs with later pushes and with `see`. Sequentially
  // consistent for PX2, which costs an exchange nothing extra.
  @inline(__always)
  func takeAll(leaving unread: Int = 0) -> Handle<MessageNode>? {
    SchedulePoint.betweenSteps()
    let left = UInt(unread) << 48 | Inbox.open
    return Handle(bits: word.exchange(left, ordering: .sequentiallyConsistent) & Inbox.address)
  }
}

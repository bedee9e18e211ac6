// SPDX-License-Identifier: Apache-2.0
//
// The word by which others reach a process: what they sent, and whether it sleeps.
// E1. The word is the newest message's address, older ones linked behind it, three flags in the low bits, `open` (there
//     is a process, and its end has not taken the last messages out), `parked` (the process is not running and not
//     queued) and `mailWakes` (a message is to wake it), and in the sixteen high bits how many messages are unread, as
//     far as that fits: those that lie here, and as many as the owner had when it last took them out. Addresses have 48
//     bits on the systems that Joist knows.
// E2. Whoever takes `parked` away has the process, alone: it must run it, queue it, or park it again.
// E3. A message that finds `mailWakes` takes both flags away in the very exchange that pushes it: sending to a
//     process that waits costs one atomic operation, and so does sending to one that does not.
// E4. Only who has the process parks it, and with `mailWakes` only while no message is there. So a message that
//     comes between a receive's last look and its parking makes the parking fail.
// E5. Who claims a process by a message has it, and may hand it over there and then (`arrived`): it does not go through
//     the inbox, which saves the receiver an atomic operation. All messages before it have been taken out by then.
// E6. A process's end takes `open` away in the exchange that takes the last messages out, and the record's next process
//     sets it. Without it nothing is pushed: the sender keeps its node. So no message lies in a record that has no
//     process, and zero, as memory that was given back is (R10), is such a word. A message for an earlier process of
//     the record may still be pushed to the next one, who discards it (K2).
//
// Rejected: a separate word for "waits" that senders read after pushing. It is one more read-modify-write to park, one
// more to wake, and a fence between the push and the look.
//
// Ordering: it is only changed by exchanges, all of them sequentially consistent. On x86-64 every exchange is; on ARM64
// it is the same instruction as one that acquires and releases, which push, claim and take need to hand messages and
// the process on. G2, WC5, U9 and PX2 need more of `park`, `claim`, `see` and `takeAll`, as is said there. A first load
// is relaxed where an exchange follows that fails if it was old.

import Synchronization

/// Messages on their way to a process, and whether it is parked.
package struct Inbox: ~Copyable {
  private let word = Atomic<UInt>(0)

  /// The flags (E1).
  private static var parked: UInt { 1 }
  private static var mailWakes: UInt { 2 }
  private static var open: UInt { 4 }
  private static var flags: UInt { 7 }
  /// The address.
  private static var address: UInt { 0xffff_ffff_fff8 }
  /// One message more.
  private static var one: UInt { 1 << 48 }

  /// What became of a push.
  enum Pushed {
    /// The message lies there; the value counts the messages before it.
    case left(before: Int)
    /// The caller has the process now, and must make it ready (E2, E3).
    case claimed
    /// There is no process: the node is still the caller's (E6).
    case refused
  }

  /// Pushes a message (K1).
  // Ordering: releasing publishes the message to `takeAll`. Acquiring pairs with the parking, for the caller may have
  // the process then, and with an end's `takeAll`: whoever pushes after that sees the next generation.
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

  /// Pushes a message, or claims the process that waits for one (E5).
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

  /// Opens it for the record's next process (E6).
  // Ordering: relaxed; published with the rest of the record when the process is made ready. Nobody changes the word
  // meanwhile.
  @inline(__always)
  func begin() { word.store(Inbox.open, ordering: .relaxed) }

  /// Takes every message, the newest first, and lets no more in (E6); done again it takes none.
  // Ordering: as `takeAll`.
  func end() -> Handle<MessageNode>? {
    SchedulePoint.betweenSteps()
    return Handle(bits: word.exchange(0, ordering: .sequentiallyConsistent) & Inbox.address)
  }

  /// Tries to put a message before the older ones, with these flags.
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

  /// Parks the process.
  ///
  /// False when a message is there that it would wait for (E4).
  // Ordering: releasing publishes the process to whoever claims it, acquiring orders two who have it. Sequentially
  // consistent before the looks at `Signals.ordered` (G2), `OneShot.isAnswered` (WC5) and for slots (U9).
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

  /// Takes a parked process (E2).
  ///
  /// False when somebody else has it.
  // Ordering: acquiring pairs with `park`. The first load is sequentially consistent, behind `Signals.raise` (G2) or
  // `OneShot.answer` (WC5): if it finds nobody parked, whoever parks finds the signal or the answer.
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

  /// Whether nothing has come; the owner's quick look.
  // Ordering: relaxed: a message that is just coming fails the parking (E4). What was raised for one was acquired by
  // `Signals.clear`.
  @inline(__always)
  var isEmpty: Bool { word.load(ordering: .relaxed) & Inbox.address == 0 }

  /// Whether it is parked, and the newest message, while nobody changes that.
  // Ordering: acquiring, to look at the messages.
  var isParkedAtRest: Bool { word.load(ordering: .acquiring) & Inbox.parked != 0 }
  var newestAtRest: Handle<MessageNode>? { Handle(bits: word.load(ordering: .acquiring) & Inbox.address) }

  /// How many messages are unread, as far as the word says.
  // Ordering: relaxed, a guess.
  @inline(__always)
  var unread: Int { Int(word.load(ordering: .relaxed) >> 48) }

  /// Sees what the owner did before it last took all (PX2).
  // Ordering: acquiring pairs with `takeAll`: after that the word is changed by exchanges alone, which pass on what it
  // published. Sequentially consistent for PX2.
  @inline(__always)
  func see() { _ = word.load(ordering: .sequentiallyConsistent) }

  /// Takes every message, the newest first, and says that so many are unread then. Only who has the process.
  // Ordering: acquiring pairs with the pushes, releasing with the pushes that come later and with `see`. Sequentially
  // consistent for PX2, which costs an exchange nothing.
  @inline(__always)
  func takeAll(leaving unread: Int = 0) -> Handle<MessageNode>? {
    SchedulePoint.betweenSteps()
    let left = UInt(unread) << 48 | Inbox.open
    return Handle(bits: word.exchange(left, ordering: .sequentiallyConsistent) & Inbox.address)
  }
}

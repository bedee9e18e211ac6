// SPDX-License-Identifier: Apache-2.0
//
// The word by which others reach a process: what they sent, and whether it sleeps.
// E1. The word is the newest message's address, older ones linked behind it, two flags in the low bits, `parked` (the
//     process is not running and not queued) and `mailWakes` (a message is to wake it), and in the sixteen high bits
//     how many messages are unread, as far as that fits: those that lie here, and as many as the owner had when it last
//     took them out. Addresses have 48 bits on the systems that Joist knows.
// E2. Whoever takes `parked` away has the process, alone: it must run it, queue it, or park it again.
// E3. A message that finds `mailWakes` takes both flags away in the very exchange that pushes it: sending to a
//     process that waits costs one atomic operation, and so does sending to one that does not.
// E4. Only who has the process parks it, and with `mailWakes` only while no message is there. So a message that
//     comes between a receive's last look and its parking makes the parking fail.
// E5. Who claims a process by a message has it, and may hand it over there and then (`arrived`): it does not go through
//     the inbox, which saves the receiver an atomic operation. All messages before it have been taken out by then.
// E6. Of a record without a process the word is closed for the moment in which its memory is given back: `mailWakes`
//     without `parked`. Whoever pushes then waits for that moment's end, and finds the word as it was made.
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
  private static var flags: UInt { 3 }
  /// The address.
  private static var address: UInt { 0xffff_ffff_fffc }
  /// One message more.
  private static var one: UInt { 1 << 48 }

  /// Pushes a message (K1). True when the caller now has the process and must make it ready (E2, E3).
  // Ordering: releasing publishes the message to `takeAll`. Acquiring pairs with the parking, for the caller may have
  // the process then, and with an end's `takeAll`: whoever pushes after that sees the next generation.
  @inline(__always)
  func push(_ node: Handle<MessageNode>) -> Bool {
    var old = word.load(ordering: .relaxed)
    while true {
      let claims = old & Inbox.mailWakes != 0
      if claims && old & Inbox.parked == 0 {
        old = waitUntilOpen()
        continue
      }
      Steering.betweenSteps()
      let (done, seen) = link(node, in: old, claims ? 0 : old & Inbox.parked)
      if done { return claims }
      old = seen
    }
  }

  /// Pushes a message, or claims the process that waits for one (E5); nil then, else how many were there before.
  // Ordering: as `push`.
  @inline(__always)
  func pushOrClaim(_ node: Handle<MessageNode>) -> Int? {
    var old = word.load(ordering: .relaxed)
    while true {
      Steering.betweenSteps()
      if old & Inbox.mailWakes != 0 {
        if old & Inbox.parked == 0 {
          old = waitUntilOpen()
          continue
        }
        let (done, seen) = word.weakCompareExchange(expected: old, desired: 0, ordering: .sequentiallyConsistent)
        if done { return nil }
        old = seen
      } else {
        let (done, seen) = link(node, in: old, old & Inbox.parked)
        if done { return Int(old >> 48) }
        old = seen
      }
    }
  }

  /// The word when it is not closed any more (E6).
  // Ordering: relaxed: whoever discards the page publishes nothing.
  @inline(never)
  private func waitUntilOpen() -> UInt {
    while word.load(ordering: .relaxed) == Inbox.mailWakes { relinquishProcessor() }
    return word.load(ordering: .relaxed)
  }

  /// Closes it, of a record without a process (E6); false when something has come.
  // Ordering: acquiring pairs with the end's `takeAll`.
  func close() -> Bool {
    Steering.betweenSteps()
    return word.compareExchange(expected: 0, desired: Inbox.mailWakes, ordering: .sequentiallyConsistent).exchanged
  }

  /// Opens it again.
  func open() {
    Steering.betweenSteps()
    word.store(0, ordering: .sequentiallyConsistent)
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
  // consistent before the looks at `Signals.current` (G2), `WaitCell.isAnswered` (WC5) and for slots (U9).
  @inline(__always)
  func park(mailWakes: Bool) -> Bool {
    if mailWakes {
      let old = word.load(ordering: .relaxed)
      Steering.betweenSteps()
      return old & Inbox.address == 0
        && word.compareExchange(expected: old, desired: Inbox.flags, ordering: .sequentiallyConsistent).exchanged
    }
    Steering.betweenSteps()
    word.bitwiseOr(Inbox.parked, ordering: .sequentiallyConsistent)
    return true
  }

  /// Takes a parked process (E2).
  ///
  /// False when somebody else has it.
  // Ordering: acquiring pairs with `park`. The first load is sequentially consistent, behind `Signals.raise` (G2) or
  // `WaitCell.answer` (WC5): if it finds nobody parked, whoever parks finds the signal or the answer.
  func claim() -> Bool {
    var old = word.load(ordering: .sequentiallyConsistent)
    while old & Inbox.parked != 0 {
      Steering.betweenSteps()
      let (done, seen) = word.weakCompareExchange(
        expected: old,
        desired: old & ~Inbox.flags,
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
    Steering.betweenSteps()
    return Handle(bits: word.exchange(UInt(unread) << 48, ordering: .sequentiallyConsistent) & Inbox.address)
  }
}

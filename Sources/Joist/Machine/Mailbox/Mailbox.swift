// SPDX-License-Identifier: Apache-2.0
//
// The owner's side of the mail: messages in the order in which they came, touched by nobody but who has the process.
// MU1. Urgent messages lie before the others, in their own order. Who sends one raises `urgentMail`, so that it is put
//      there before the receiver takes another.
// MU2. Taking in what is no plain message may run a user's code, which may trap. The rest is in the extras meanwhile,
//      where the end of the process finds it.

import Synchronization

/// Messages that were taken out of the inbox, oldest first.
struct Mailbox {
  private(set) var first: Handle<MessageNode>?
  private var last: Handle<MessageNode>?
  /// The last of the urgent ones, which lie before the others (MU1).
  private(set) var lastUrgent: Handle<MessageNode>?
  /// How many there are.
  private(set) var count: UInt32 = 0
  /// Of the message that was received last: its size, its sender, when it was sent.
  var lastBytes: UInt32 = .max
  var lastSender: UInt64 = 0
  var lastSent: UInt64 = 0
  /// Whether there was one.
  var hasReceived: Bool { lastBytes != .max }

  /// Puts one at the end; an urgent one at the end of those.
  mutating func append(_ node: Handle<MessageNode>) {
    let before = node.it.isUrgent ? lastUrgent : last
    if node.it.isUrgent { lastUrgent = node }
    insert(node, after: before)
  }

  /// Puts a chain of so many that are not urgent at the end.
  mutating func append(chain first: Handle<MessageNode>, last: Handle<MessageNode>, count: UInt32) {
    if let end = self.last { end.it.next = first } else { self.first = first }
    self.last = last
    self.count &+= count
  }

  private mutating func insert(_ node: Handle<MessageNode>, after before: Handle<MessageNode>?) {
    let next = before == nil ? first : before!.it.next
    node.it.next = next
    if let before { before.it.next = node } else { first = node }
    if next == nil { last = node }
    count += 1
  }

  /// Takes the first one.
  @inline(__always)
  mutating func removeFirst() -> Handle<MessageNode>? {
    guard let node = first else { return nil }
    first = node.it.next
    if first == nil { last = nil }
    if lastUrgent == node { lastUrgent = nil }
    count -= 1
    return node
  }

  /// Takes the one behind `before`, or the first.
  mutating func remove(after before: Handle<MessageNode>?) -> Handle<MessageNode>? {
    guard let before else { return removeFirst() }
    guard let node = before.it.next else { return nil }
    before.it.next = node.it.next
    if node == last { last = before }
    if node == lastUrgent { lastUrgent = before }
    count -= 1
    return node
  }

  /// Takes the oldest one that is not urgent, if there is such a one, else the first; no notice.
  mutating func removeOldest() -> Handle<MessageNode>? {
    removeCounted(after: lastUrgent) ?? removeCounted(after: nil)
  }

  private mutating func removeCounted(after place: Handle<MessageNode>?) -> Handle<MessageNode>? {
    var before = place
    while let node = before == nil ? first : before!.it.next {
      if node.it.isCounted { return remove(after: before) }
      before = node
    }
    return nil
  }
}

extension Handle<ProcessRecord> {
  /// The first message, when the mailbox is empty: the only one that has come is never put into it.
  // Ordering: its own generation and `isBounded`, here and below (R9).
  @inline(__always)
  func takeNew() -> Handle<MessageNode>? {
    if let node = takeArrived() { return node }
    guard !it.inbox.isEmpty, let newest = takeInbox() else { return nil }
    if newest.it.next == nil && newest.it.isMessage
      && newest.it.generation == it.generation.load(ordering: .relaxed)
    {
      return newest
    }
    sort(newest)
    if it.isBounded.load(ordering: .relaxed) { mindBounds() }
    return it.flags.contains(.exiting) ? nil : it.mailbox.removeFirst()
  }

  /// Moves what has come from the inbox to the mailbox: in order, without what is for others (K2), and with signals
  /// taken in.
  ///
  /// Only who has the process, on the process's own stack: a discarded message runs its `deinit`.
  func collectMail() {
    // Whoever raises one of these has pushed before: what is raised from here on is for a node that may be taken now,
    // and then for nothing, which the next look clears.
    it.signals.clear([.urgentMail, .overfull, .exit])
    if let node = takeArrived() { it.mailbox.append(node) }
    if !it.inbox.isEmpty, let newest = takeInbox() { sort(newest) }
    if it.isBounded.load(ordering: .relaxed) { mindBounds() }
    if !it.flags.contains(.exiting) { it.signals.clear(.kill) }
  }

  /// Takes every message out of the inbox; what is unread then is for senders to see (E1).
  @inline(__always)
  private func takeInbox() -> Handle<MessageNode>? {
    let new = it.inbox.unread - Int(it.unreadThen)
    let unread = new > 1 ? min(Int(it.mailbox.count) + new, 65_534) : 0
    it.unreadThen = UInt16(truncatingIfNeeded: unread)
    return it.inbox.takeAll(leaving: unread)
  }

  /// The message that woke it, if it has not been taken.
  @inline(__always)
  func takeArrived() -> Handle<MessageNode>? {
    guard let node = it.arrived else { return nil }
    it.arrived = nil
    return node
  }

  /// Throws away what is too much, and ends the process if that is more than may be.
  @inline(never)
  private func mindBounds() {
    trimMail()
    lookAtMemory()
  }

  @inline(never)
  private func sort(_ newestFirst: Handle<MessageNode>) {
    let generation = it.generation.load(ordering: .relaxed)
    var newest: Handle<MessageNode>? = newestFirst
    var oldest: Handle<MessageNode>?
    var count: UInt32 = 0
    var areAllPlain = true
    while let node = newest {
      newest = node.it.next
      node.it.next = oldest
      oldest = node
      count &+= 1
      areAllPlain = areAllPlain && node.it.generation == generation && node.it.isMessage && !node.it.isUrgent
    }
    if areAllPlain {
      it.mailbox.append(chain: oldest!, last: newestFirst, count: count)
    } else {
      takeEachIn(oldest)
    }
  }

  /// Takes in, one after the other, what is for this process (MU2; R9).
  private func takeEachIn(_ oldest: Handle<MessageNode>?) {
    let generation = it.generation.load(ordering: .relaxed)
    var next = oldest
    while let node = next {
      next = node.it.next
      let isForThis = node.it.generation == generation
      if isForThis && (node.it.kind == .message || node.it.kind == .request) {
        it.mailbox.append(node)
        continue
      }
      guard next != nil else {
        if isForThis { takeIn(node) } else { dropLate(node) }
        return
      }
      let outer = extras().it.unsorted
      extras().it.unsorted = next
      if isForThis { takeIn(node) } else { dropLate(node) }
      extras().it.unsorted = outer
    }
  }

  /// Takes in what is no plain message: a signal at once, and the message that is made of it, if any, into the mailbox.
  private func takeIn(_ node: Handle<MessageNode>) {
    switch node.it.kind {
    case .message, .request, .notice, .parentExit: it.mailbox.append(node)
    case .exit, .linkExit: if let notice = takeExit(node) { it.mailbox.append(notice) }
    case .down: if let notice = takeDown(node) { it.mailbox.append(notice) }
    case .remains: node.discard()
    case .priority: changePriority(node.open(as: Priority.self))
    case .maker:
      let bringer = (node.it.sender, node.it.sent)
      // It was counted as sent. Until it is made it counts as destroyed, for its maker may trap.
      let destroyed = { (change: Int) in Scheduler.current!.it.counters.messagesDestroyed.add(change) }
      destroyed(1)
      it.mailbox.append(node.open(as: MessageMaker.self).make(for: self, from: bringer))
      destroyed(-1)
    }
  }

  /// Destroys what came too late for an earlier process of the record.
  func dropLate(_ node: Handle<MessageNode>) {
    if node.it.kind.isOfSenders {
      home.it.counters.messagesDropped.add()
      // Whoever sent a request is told by the answer.
      if node.it.kind != .request { node.reportDead(self, .noProcess) }
    }
    node.drop(.noProcess, from: Scheduler.current)
  }

  /// Every node that has come and was not received; for whoever has the process, or looks while nothing runs.
  func forEachUnread(_ body: (Handle<MessageNode>) -> Void) {
    if let node = it.arrived { body(node) }
    for first in [it.mailbox.first, it.inbox.newestAtRest] {
      var next = first
      while let node = next {
        body(node)
        next = node.it.next
      }
    }
  }
}

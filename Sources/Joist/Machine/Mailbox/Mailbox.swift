// SPDX-License-Identifier: Apache-2.0
//
// The mailbox: messages that the owner has taken out of its inbox, in the order in which they came. Only the thread
// that has the process touches it.
// MU1. Urgent messages lie before the others, in their own order. The sender of one raises `urgentMail`, so that the
//      receiver moves it there before it takes another message.
// MU2. To take in a node that is not a plain message may run a user's code, which may trap. Meanwhile the remaining
//      nodes are in the extras, where the end of the process finds them.

import Synchronization

/// The messages that were taken out of the inbox, the oldest first.
struct Mailbox: ~Copyable {
  private(set) var first: Handle<MessageNode>?
  private var last: Handle<MessageNode>?
  /// The last urgent message (MU1).
  private(set) var lastUrgent: Handle<MessageNode>?
  // Ordering: relaxed. The owner alone stores it; others read it as a guess.
  private let length = Atomic<UInt32>(0)
  /// The number of messages; any thread may read it.
  private(set) var count: UInt32 {
    @inline(__always) get { length.load(ordering: .relaxed) }
    @inline(__always) nonmutating set { length.store(newValue, ordering: .relaxed) }
  }
  /// The size of the message that was received last, its sender, and the time at which it was sent.
  var lastBytes: UInt32 = .max
  var lastSender: UInt64 = 0
  var lastSent: UInt64 = 0
  /// Whether any message was received.
  var hasReceived: Bool { lastBytes != .max }

  /// Appends a message; an urgent one goes behind the last urgent one.
  mutating func append(_ node: Handle<MessageNode>) {
    let before = node.it.isUrgent ? lastUrgent : last
    if node.it.isUrgent { lastUrgent = node }
    insert(node, after: before)
  }

  /// Appends a chain of `count` messages, none of them urgent.
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

  /// Takes out the first message.
  @inline(__always)
  mutating func removeFirst() -> Handle<MessageNode>? {
    guard let node = first else { return nil }
    first = node.it.next
    if first == nil { last = nil }
    if lastUrgent == node { lastUrgent = nil }
    count -= 1
    return node
  }

  /// Takes out the message behind `before`, or the first if that is nil.
  mutating func remove(after before: Handle<MessageNode>?) -> Handle<MessageNode>? {
    guard let before else { return removeFirst() }
    guard let node = before.it.next else { return nil }
    before.it.next = node.it.next
    if node == last { last = before }
    if node == lastUrgent { lastUrgent = before }
    count -= 1
    return node
  }

  /// Takes out the oldest message that is not urgent, or the oldest urgent one if there is no other; never a notice.
  mutating func removeOldest() -> Handle<MessageNode>? {
    removeCounted(after: lastUrgent) ?? removeCounted(after: nil)
  }

  private mutating func removeCounted(after start: Handle<MessageNode>?) -> Handle<MessageNode>? {
    var before = start
    while let node = before == nil ? first : before!.it.next {
      if node.it.isCounted { return remove(after: before) }
      before = node
    }
    return nil
  }
}

extension Handle<ProcessRecord> {
  /// Takes in what has come and returns the first message; for an empty mailbox.
  ///
  /// If only one message has come, it is returned without being put into the mailbox.
  @inline(__always)
  func takeNew() -> Handle<MessageNode>? {
    takeArrived() ?? (it.inbox.isEmpty ? nil : takeFromInbox())
  }

  /// Takes in what has come and returns the first message, if it was not handed over with the process.
  // Ordering: relaxed: the process's own generation (R9).
  @inline(never)
  private func takeFromInbox() -> Handle<MessageNode>? {
    guard let newest = takeInbox() else { return nil }
    if newest.it.next == nil && newest.it.isMessage
      && newest.it.generation == it.generation.load(ordering: .relaxed)
    {
      return newest
    }
    sort(newest)
    if it.isBounded { mindBounds() }
    return it.flags.contains(.exiting) ? nil : it.mailbox.removeFirst()
  }

  /// Moves messages from the inbox to the mailbox in order, discards those of other generations (K2), and takes in
  /// signals.
  ///
  /// Runs on the process's own stack, because a discarded message runs its `deinit`.
  func collectMail() {
    // A thread that raises one of these has pushed its node before. A signal that is raised from here on may be for a
    // node that is taken now; then the next look finds nothing and clears it.
    it.signals.clear([.urgentMail, .overfull, .exit])
    if let node = takeArrived() { it.mailbox.append(node) }
    if !it.inbox.isEmpty, let newest = takeInbox() { sort(newest) }
    if it.isBounded { mindBounds() }
    if !it.flags.contains(.exiting) { it.signals.clear(.kill) }
  }

  // Ordering: relaxed: exact for the owner, a guess for others.
  /// The number of messages in the inbox, as far as its count of unread ones tells it (E1).
  @inline(__always)
  var newlyArrived: Int { it.inbox.unread - Int(it.unreadThen.load(ordering: .relaxed)) }

  /// Takes all messages out of the inbox, and stores there the number that is unread then (E1).
  @inline(__always)
  private func takeInbox() -> Handle<MessageNode>? {
    let new = newlyArrived
    let unread = new > 1 ? min(Int(it.mailbox.count) + new, 65_534) : 0
    it.unreadThen.store(UInt16(truncatingIfNeeded: unread), ordering: .relaxed)
    it.usage.noteMailbox(it.mailbox.count &+ UInt32(truncatingIfNeeded: max(new, 1)))
    return it.inbox.takeAll(leaving: unread)
  }

  /// Takes the message that was handed over with the process (E5), if it has not been taken yet.
  @inline(__always)
  func takeArrived() -> Handle<MessageNode>? {
    guard let node = it.arrived else { return nil }
    it.arrived = nil
    return node
  }

  /// Discards messages over the limit, and ends the process if its memory limit is exceeded.
  @inline(never)
  private func mindBounds() {
    trimMail()
    lookAtMemory()
  }

  /// Puts messages that were taken out of the inbox into the mailbox, the oldest first.
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

  /// Takes in one node after the other (MU2), and discards those of earlier processes of the record (R9).
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

  /// Takes in a node of this process: acts on a signal at once, and puts a message, or the message that is made of a
  /// signal, into the mailbox.
  private func takeIn(_ node: Handle<MessageNode>) {
    switch node.it.kind {
    case .message, .request, .notice, .parentExit: it.mailbox.append(node)
    case .exit, .linkExit: if let notice = takeExit(node) { it.mailbox.append(notice) }
    case .down: if let notice = takeDown(node) { it.mailbox.append(notice) }
    case .remains: node.discard()
    case .priority: changePriority(node.open(as: Priority.self))
    case .maker:
      let origin = (node.it.sender, node.it.sent)
      // It was counted as sent. Until it is made it counts as destroyed, because its maker may trap.
      let destroyed = { (change: Int) in _ = Scheduler.current!.it.counters.messagesDestroyed.add(change) }
      destroyed(1)
      it.mailbox.append(node.open(as: MessageMaker.self).make(for: self, from: origin))
      destroyed(-1)
    }
  }

  /// Destroys a node that came too late for an earlier process of the record.
  func dropLate(_ node: Handle<MessageNode>) {
    if node.it.kind.isOfSenders {
      home.it.counters.messagesDropped.add()
      // The sender of a request learns it from the result of its call.
      if node.it.kind != .request { node.reportDead(self, .noProcess) }
    }
    node.drop(.noProcess, from: Scheduler.current)
  }

  /// Calls the body with each node that has come and was not received; for the thread that has the process, or while no
  /// process runs.
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

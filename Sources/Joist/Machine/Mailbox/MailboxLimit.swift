// SPDX-License-Identifier: Apache-2.0
//
// The limit of a mailbox.
// MB1. The limit counts, under a lock, the messages that were admitted and have not been taken out, and their bytes. A
//      sender is admitted first, and then pushes its message as into any inbox.
//
// A sender that is not admitted waits in a queue or is refused, depending on the mailbox's policy and on the sender.
// Space that becomes free is given to the first waiter before that is woken. No process waits for space in its own
// mailbox: such a message is refused at once, because only its sender could make space.
//
// `dropOldest` admits every message. The owner discards the oldest ones when it collects its mail, and is signalled to
// do so. If it waits for something else, it is woken for that once the mailbox holds 1.5 times its limit.
//
// The end of the process closes the limit: the waiters are told, and no message is admitted any more.

import Synchronization

/// The limit of one mailbox, what counts against it, and the senders that wait for space.
struct MailboxLimit {
  /// The generation of the process that it is for; zero if it is for none.
  fileprivate(set) var generation: UInt32 = 0
  fileprivate var maxMessages = Int.max
  fileprivate var maxBytes = Int.max
  /// The limit of what heap and messages may take together, in bytes (ML1).
  fileprivate var maxMemory = Int.max
  fileprivate var whenFull = SpawnOptions.WhenFull.block
  fileprivate var messages = 0
  fileprivate var bytes = 0
  fileprivate var queue = WaitQueue()
  /// The number of messages that the owner has discarded.
  ///
  /// A selective receive compares it, because it remembers messages in the mailbox.
  fileprivate(set) var trimmed = 0

  /// The bytes of the messages and their headers.
  fileprivate var memory: Int { bytes + messages * MessageNode.headerBytes }

  fileprivate func hasRoom(_ size: Int) -> Bool { messages < maxMessages && bytes <= maxBytes - size }
  fileprivate var isOver: Bool { messages > maxMessages || bytes > maxBytes }
  fileprivate var isFarOver: Bool {
    messages - maxMessages > maxMessages / 2 || bytes - maxBytes > maxBytes / 2
  }

  fileprivate mutating func admit(_ size: Int) {
    messages += 1
    bytes += size
  }

  fileprivate mutating func release(_ size: Int) {
    messages -= 1
    bytes -= size
  }

  /// Admits the first waiter and takes it out of the queue; returns nil if there is none, or no space for it.
  fileprivate mutating func next() -> (ticket: WaitTicket, amount: Int)? {
    guard let first = queue.first, hasRoom(first.it.amount) else { return nil }
    admit(first.it.amount)
    return queue.popFirst()
  }
}

/// The owner of the queue of senders that wait for space in a mailbox.
private final class MailboxQueueOwner: WaitQueueOwner {
  private let process: ProcessHandle

  init(_ process: ProcessHandle) { self.process = process }

  func leaveQueue(_ node: Handle<QueuedWaiter>, isGranted: Bool) -> Bool {
    process.leaveMailboxQueue(node, isAdmitted: isGranted)
  }
}

/// What a sender does when a mailbox is full.
enum Admission {
  /// Waits until the deadline if that is the mailbox's policy; forever if it is nil.
  case waiting(until: Int64?)
  /// Gives up at once.
  case atOnce
}

extension Handle<ProcessRecord> {
  /// Sets the limits of a new process's mailbox, and of the memory that heap and messages may take together.
  // Ordering: as `prepare`.
  func bound(_ mailbox: SpawnOptions.Mailbox, memoryLimit: Int?) {
    if case .unbounded = mailbox, memoryLimit == nil { return }
    let extras = extras()
    var limit = MailboxLimit()
    limit.generation = it.generation.load(ordering: .relaxed)
    limit.maxMemory = memoryLimit ?? .max
    if case .bounded(let messages, let bytes, let whenFull) = mailbox {
      limit.maxMessages = messages
      limit.maxBytes = bytes
      limit.whenFull = whenFull
    }
    extras.it.memoryLimit = limit.maxMemory
    extras.it.lock.lock()
    limit.trimmed = extras.it.mailboxLimit.trimmed
    extras.it.mailboxLimit = limit
    extras.it.lock.unlock()
    it.isBounded = true
  }

  /// The bytes of the messages that were admitted and have not been taken out; zero if there is no limit.
  var mailBytesCounted: Int {
    guard it.isBounded else { return 0 }
    let extras = extras()
    return extras.it.lock.withLock { extras.it.mailboxLimit.memory }
  }

  /// Admits a message; returns nil if it may be pushed, and otherwise the reason why not.
  ///
  /// A process that sends may park here, and continue on another thread.
  // Ordering: guesses (R9); the limit's generation, read under the lock, decides. A sender that takes a bounded mailbox
  // for an unbounded one means a process that has ended.
  func admit(_ node: Handle<MessageNode>, _ id: ProcessID, _ admission: Admission) -> WaitResult? {
    guard it.generation.load(ordering: .relaxed) == id.generation else { return .noProcess }
    guard it.isBounded else { return nil }
    let size = Int(node.it.bytes)
    let extras = extras()
    let isTakenForFull = SchedulePoint.reach(.admission)
    extras.it.lock.lock()
    guard extras.it.mailboxLimit.generation == id.generation else {
      extras.it.lock.unlock()
      return .noProcess
    }
    let policy = extras.it.mailboxLimit.whenFull
    let hasRoom = !isTakenForFull && extras.it.mailboxLimit.queue.isEmpty && extras.it.mailboxLimit.hasRoom(size)
    let isIn = hasRoom || policy == .dropOldest
    if isIn { extras.it.mailboxLimit.admit(size) }
    let isOver = extras.it.mailboxLimit.isOver
    let isFarOver = extras.it.mailboxLimit.isFarOver
    let (mail, limit) = (extras.it.mailboxLimit.memory, extras.it.mailboxLimit.maxMemory)
    let canEverFit = size <= extras.it.mailboxLimit.maxBytes
    extras.it.lock.unlock()
    if isIn {
      let isTooMuch = self.isOver(limit, mail: mail)
      if isOver || isTooMuch { it.signals.raise(.overfull) }
      if (isFarOver || isTooMuch) && it.inbox.claim() { wake(from: Scheduler.current) }
      return nil
    }
    guard case .waiting(let deadline) = admission, policy == .block, canEverFit else { return .mailboxFull }
    if isWaitingForThisThread(id) { return .ownMailboxFull }
    return waitForRoom(size, id, until: deadline)
  }

  /// Waits in the queue until the message is admitted; returns nil then, and otherwise the reason why not.
  ///
  /// `Waiter.waitInQueue` does not fit here: the wait is noted for the search of circles (WE1), it may end with
  /// `.noProcess`, and a node that is appended may be admitted at once.
  private func waitForRoom(_ size: Int, _ id: ProcessID, until deadline: Int64?) -> WaitResult? {
    let extras = extras()
    let waiter = Waiter.here(for: self)
    defer { waiter.finish() }
    let node = Handle<QueuedWaiter>.allocate(QueuedWaiter(waiter.ticket, amount: size))
    defer { node.free() }
    waiter.note(node, in: MailboxQueueOwner(self))
    waiter.ticket.open()
    extras.it.lock.lock()
    let isOpen = extras.it.mailboxLimit.generation == id.generation
    if isOpen { extras.it.mailboxLimit.queue.append(node) }
    let next = extras.it.mailboxLimit.next()
    extras.it.lock.unlock()
    if let next { grantRoom(next) }
    guard isOpen else { return .noProcess }
    if let sender = waiter.process {
      sender.beginEdge(.send, to: self, isTimed: deadline != nil, hasSent: 1)
      sender.followEdges(from: self)
    }
    let result = waiter.wait(.send, until: deadline)
    waiter.process?.endEdge()
    if result == .granted { return nil }
    leaveMailboxQueue(node, isAdmitted: false)
    return result ?? .timedOut
  }

  /// Takes a sender's node out of the queue, and releases the space of a sender that died after it was admitted;
  /// returns whether the node was in the queue.
  @discardableResult
  fileprivate func leaveMailboxQueue(_ node: Handle<QueuedWaiter>, isAdmitted: Bool) -> Bool {
    let extras = extras()
    extras.it.lock.lock()
    let wasQueued = extras.it.mailboxLimit.queue.remove(node)
    extras.it.lock.unlock()
    if isAdmitted { release(node.it.amount) }
    return wasQueued
  }

  /// Releases the space of a message that has left the mailbox, and admits waiters that fit into it.
  @inline(never)
  func release(_ size: Int) {
    let extras = extras()
    extras.it.lock.lock()
    extras.it.mailboxLimit.release(size)
    let next = extras.it.mailboxLimit.next()
    extras.it.lock.unlock()
    if let next { grantRoom(next) }
  }

  /// Wakes a waiter that was admitted, and then each next one that fits; a waiter that has given up releases its space.
  private func grantRoom(_ first: (ticket: WaitTicket, amount: Int)) {
    let extras = extras()
    var admitted: (ticket: WaitTicket, amount: Int)? = first
    while let sender = admitted {
      let isWaiting = sender.ticket.answer(.granted, from: Scheduler.current)
      extras.it.lock.lock()
      if !isWaiting { extras.it.mailboxLimit.release(sender.amount) }
      admitted = extras.it.mailboxLimit.next()
      extras.it.lock.unlock()
    }
  }

  /// Discards the oldest messages while `dropOldest` admitted more than the limit; on the process's own stack.
  func trimMail() {
    let extras = extras()
    while true {
      extras.it.lock.lock()
      let isOver = extras.it.mailboxLimit.whenFull == .dropOldest && extras.it.mailboxLimit.isOver
      extras.it.lock.unlock()
      guard isOver, let oldest = it.mailbox.removeOldest() else { return }
      extras.it.mailboxLimit.trimmed &+= 1
      release(Int(oldest.it.bytes))
      home.it.counters.messagesRefused.add()
      oldest.drop(.discarded, from: Scheduler.current)
    }
  }

  /// Closes the limit because the process has ended: tells the waiters, and admits no message any more.
  func closeBound() {
    let extras = extras()
    while true {
      extras.it.lock.lock()
      extras.it.mailboxLimit.generation = 0
      let next = extras.it.mailboxLimit.queue.popFirst()
      extras.it.lock.unlock()
      guard let next else { return }
      _ = next.ticket.answer(.noProcess, from: Scheduler.current)
    }
  }

  /// Whether it discards the oldest messages of its mailbox when that is full; any thread may ask.
  var dropsOldest: Bool {
    guard it.isBounded else { return false }
    let extras = extras()
    return extras.it.lock.withLock { extras.it.mailboxLimit.whenFull == .dropOldest }
  }

  /// The number of messages that the owner has discarded.
  var trimCount: Int { it.isBounded ? extras().it.mailboxLimit.trimmed : 0 }
}

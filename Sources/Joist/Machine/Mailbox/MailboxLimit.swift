// SPDX-License-Identifier: Apache-2.0
//
// A mailbox with a maximum.
// MB1. Under a lock it counts what was let in and has not been taken out: messages and bytes. Who sends is let in
//      first and pushes then, as into any inbox.
// MB2. Who is not let in waits in line, or is refused, as the mailbox's policy and the sender want. Room that comes
//      free is given to the first in line before it is told. Nobody waits for room in its own mailbox: the message is
//      refused at once, for only the sender could make room.
// MB3. `dropOldest` lets in everything. Its owner throws the oldest away when it collects its mail, and is told to.
//      Where it waits for something else it is woken for that when the mailbox holds half as much again as it may.
// MB4. The end of the process closes it: who waits in line is told, and nobody is let in any more.

import Synchronization

/// What was let into a mailbox, and who waits to be.
struct MailboxLimit {
  /// Which process of the record it is for; zero when for none.
  fileprivate(set) var generation: UInt32 = 0
  fileprivate var maxMessages = Int.max
  fileprivate var maxBytes = Int.max
  /// What heap and messages may take together (ML1).
  fileprivate var maxMemory = Int.max
  fileprivate var whenFull = SpawnOptions.WhenFull.block
  fileprivate var messages = 0
  fileprivate var bytes = 0
  fileprivate var line = WaitQueue()
  /// Messages thrown away by its owner (MB3): who remembers a place in the mailbox looks whether this has changed.
  fileprivate(set) var trimmed = 0

  /// What the messages take, with their headers.
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

  /// The first in line, if there is room for what it has; the room is its then.
  fileprivate mutating func next() -> (ticket: WaitTicket, amount: Int)? {
    guard let first = line.first, hasRoom(first.it.amount) else { return nil }
    admit(first.it.amount)
    return line.popFirst()
  }
}

/// The line of those who wait for room in a mailbox.
private final class RoomGiver: WaitQueueOwner {
  private let process: ProcessHandle

  init(_ process: ProcessHandle) { self.process = process }

  func leaveLine(_ place: Handle<QueuedWaiter>, hasTurn: Bool) { process.leaveLine(place, hasRoom: hasTurn) }
}

/// What a sender does when a mailbox is full.
enum Admission {
  /// Waits, if that is the mailbox's policy, until that time.
  case waiting(until: Int64?)
  /// Gives up.
  case atOnce
}

extension Handle<ProcessRecord> {
  /// Bounds the mailbox of a new process, or what it may take together with a heap, or both.
  // Ordering: as `prepare`.
  func bound(_ mailbox: SpawnOptions.Mailbox, memoryLimit: Int?) {
    if case .unbounded = mailbox, memoryLimit == nil { return }
    let extras = extras()
    var bound = MailboxLimit()
    bound.generation = it.generation.load(ordering: .relaxed)
    bound.maxMemory = memoryLimit ?? .max
    if case .bounded(let messages, let bytes, let whenFull) = mailbox {
      bound.maxMessages = messages
      bound.maxBytes = bytes
      bound.whenFull = whenFull
    }
    extras.it.memoryLimit = bound.maxMemory
    extras.it.lock.lock()
    bound.trimmed = extras.it.bound.trimmed
    extras.it.bound = bound
    extras.it.lock.unlock()
    it.isBounded.store(true, ordering: .relaxed)
  }

  /// What the messages take that were let in and have not been taken out; zero where nobody counts.
  // Ordering: its own (R9).
  var mailBytesCounted: Int {
    guard it.isBounded.load(ordering: .relaxed) else { return 0 }
    let extras = extras()
    return extras.it.lock.withLock { extras.it.bound.memory }
  }

  /// Lets a message in; nil when it may be pushed, else why not.
  ///
  /// The process that sends may wait here, and go on on another thread.
  // Ordering: guesses (R9); `bound.generation` under the lock decides. Who takes a bounded mailbox for one that is not
  // means a process that has ended.
  func admit(_ node: Handle<MessageNode>, _ id: ProcessID, _ admission: Admission) -> WaitResult? {
    guard it.generation.load(ordering: .relaxed) == id.generation else { return .noProcess }
    guard it.isBounded.load(ordering: .relaxed) else { return nil }
    let size = Int(node.it.bytes)
    let extras = extras()
    let isTakenForFull = SchedulePoint.reach(.admission)
    extras.it.lock.lock()
    guard extras.it.bound.generation == id.generation else {
      extras.it.lock.unlock()
      return .noProcess
    }
    let policy = extras.it.bound.whenFull
    let hasRoom = !isTakenForFull && extras.it.bound.line.isEmpty && extras.it.bound.hasRoom(size)
    let isIn = hasRoom || policy == .dropOldest
    if isIn { extras.it.bound.admit(size) }
    let isOver = extras.it.bound.isOver
    let isFarOver = extras.it.bound.isFarOver
    let (mail, limit) = (extras.it.bound.memory, extras.it.bound.maxMemory)
    let canEverFit = size <= extras.it.bound.maxBytes
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

  private func waitForRoom(_ size: Int, _ id: ProcessID, until deadline: Int64?) -> WaitResult? {
    let extras = extras()
    let waiter = Waiter.here(for: self)
    defer { waiter.finish() }
    let place = Handle<QueuedWaiter>.allocate(QueuedWaiter(waiter.ticket, amount: size))
    defer { place.free() }
    waiter.stand(place, for: RoomGiver(self))
    waiter.ticket.open()
    extras.it.lock.lock()
    let isOpen = extras.it.bound.generation == id.generation
    if isOpen { extras.it.bound.line.append(place) }
    let next = extras.it.bound.next()
    extras.it.lock.unlock()
    if let next { giveRoom(next) }
    guard isOpen else { return .noProcess }
    if deadline == nil, let sender = waiter.process { sender.noteWait(for: self) }
    let answer = waiter.wait(.send, until: deadline)
    waiter.process?.forgetWaitsFor()
    if answer == .granted { return nil }
    extras.it.lock.lock()
    extras.it.bound.line.remove(place)
    extras.it.lock.unlock()
    return answer ?? .timedOut
  }

  /// Whoever waited for room has died.
  fileprivate func leaveLine(_ place: Handle<QueuedWaiter>, hasRoom: Bool) {
    let extras = extras()
    extras.it.lock.lock()
    extras.it.bound.line.remove(place)
    extras.it.lock.unlock()
    if hasRoom { release(place.it.amount) }
  }

  /// So much has left the mailbox: room for those who wait in line (MB2).
  @inline(never)
  func release(_ size: Int) {
    let extras = extras()
    extras.it.lock.lock()
    extras.it.bound.release(size)
    let next = extras.it.bound.next()
    extras.it.lock.unlock()
    if let next { giveRoom(next) }
  }

  /// Tells the first in line, and the next if that one has given up, or if there is room for more.
  private func giveRoom(_ first: (ticket: WaitTicket, amount: Int)) {
    let extras = extras()
    var told: (ticket: WaitTicket, amount: Int)? = first
    while let one = told {
      let isThere = one.ticket.answer(.granted, from: Scheduler.current)
      extras.it.lock.lock()
      if !isThere { extras.it.bound.release(one.amount) }
      told = extras.it.bound.next()
      extras.it.lock.unlock()
    }
  }

  /// Throws the oldest away while there is too much (MB3); on the process's own stack.
  func trimMail() {
    let extras = extras()
    while true {
      extras.it.lock.lock()
      let isOver = extras.it.bound.whenFull == .dropOldest && extras.it.bound.isOver
      extras.it.lock.unlock()
      guard isOver, let oldest = it.mailbox.removeOldest() else { return }
      extras.it.bound.trimmed &+= 1
      release(Int(oldest.it.bytes))
      home.it.counters.messagesRefused.add()
      oldest.drop(.discarded, from: Scheduler.current)
    }
  }

  /// Nobody is let in any more (MB4).
  func closeBound() {
    let extras = extras()
    while true {
      extras.it.lock.lock()
      extras.it.bound.generation = 0
      let next = extras.it.bound.line.popFirst()
      extras.it.lock.unlock()
      guard let next else { return }
      _ = next.ticket.answer(.noProcess, from: Scheduler.current)
    }
  }

  /// How often messages were thrown away by the owner itself.
  // Ordering: its own (R9).
  var trimCount: Int { it.isBounded.load(ordering: .relaxed) ? extras().it.bound.trimmed : 0 }
}

// SPDX-License-Identifier: Apache-2.0
//
// Receiving, on the process's own stack. What does not know the message's type is here; `ProcessContext` adds the type.

import Synchronization

extension Handle<ProcessRecord> {
  /// The next message, for the caller to open; nil when there is none, and then the caller awaits one.
  @usableFromInline
  func nextMessage(_ generation: UInt32) throws(ProcessExit) -> Handle<MessageNode>? {
    guard it.mailbox.first != nil, paysQuickly(generation, Cost.lookAtMessage) else {
      return try lookForMessage(generation)
    }
    return received(it.mailbox.removeFirst()!, Scheduler.current!)
  }

  @inline(never)
  private func lookForMessage(_ generation: UInt32) throws(ProcessExit) -> Handle<MessageNode>? {
    let scheduler = try suspensionPoint(generation, cost: Cost.lookAtMessage)
    if it.isBounded.load(ordering: .relaxed) {
      collectMail()
      if it.flags.contains(.exiting) { try refuse() }
    }
    if let node = it.mailbox.removeFirst() {
      scheduler.signalDeferred()
      return received(node, scheduler)
    }
    if let node = takeNew() { return received(node, scheduler) }
    return nil
  }

  /// Waits for the next message; small, for its frame is in the image of everyone who waits.
  @usableFromInline
  func awaitMessage() throws(ProcessExit) -> Handle<MessageNode> {
    while true {
      if it.flags.contains(.exiting) { try refuse() }
      wait(.receive, on: Scheduler.current!)
      if let node = takeNew() { return received(node, Scheduler.current!) }
      if !it.signals.relaxed.isEmpty {
        collectMail()
        if let node = it.mailbox.removeFirst() { return received(node, Scheduler.current!) }
      }
    }
  }

  /// The next message, for the caller to open; nil when none came in time.
  @usableFromInline
  func nextMessage(_ generation: UInt32, within timeout: Duration) throws(ProcessExit) -> Handle<MessageNode>? {
    var scheduler = try suspensionPoint(generation, cost: Cost.lookAtMessage)
    defer { Scheduler.current!.disarm(self) }
    while true {
      collectMail()
      if it.flags.contains(.exiting) { try refuse() }
      if let node = it.mailbox.removeFirst() { return received(node, scheduler) }
      if !it.flags.contains(.timed) {
        guard armWait(timeout, on: scheduler) else { return nil }
      } else if isOverdue(on: scheduler) {
        return nil
      }
      scheduler = wait(.receive, on: scheduler)
    }
  }

  /// Waits until there is a message, without its slot.
  func hibernate(_ generation: UInt32) throws(ProcessExit) {
    var scheduler = try suspensionPoint(generation, cost: Cost.park)
    while true {
      collectMail()
      if it.flags.contains(.exiting) { try refuse() }
      if it.mailbox.first != nil { return scheduler.signalDeferred() }
      scheduler = wait(.receive, on: scheduler, leaving: .hibernated)
    }
  }

  /// The next message that a selective receive has not looked at yet: nil when the time is over.
  ///
  /// Waits while there is none, for the first time from now. `endSelection` ends that.
  @usableFromInline
  func nextCandidate(
    _ generation: UInt32,
    _ selection: inout Selection,
    timeout: Duration?
  ) throws(ProcessExit) -> Handle<MessageNode>? {
    var scheduler = try suspensionPoint(generation, cost: Cost.lookAtMessage)
    while true {
      if let node = selection.next(in: self) { return node }
      collectMail()
      if it.flags.contains(.exiting) { try refuse() }
      if let node = selection.next(in: self) { return node }
      if let timeout, !it.flags.contains(.timed) {
        guard armWait(timeout, on: scheduler) else { return nil }
      } else if it.flags.contains(.timed) && isOverdue(on: scheduler) {
        return nil
      }
      scheduler = wait(.receive, on: scheduler)
    }
  }

  /// Ends a selective receive.
  @usableFromInline
  func endSelection() {
    if it.flags.contains(.timed) { Scheduler.current!.disarm(self) }
  }

  /// Takes the candidate out of the mailbox, for the caller to open.
  @usableFromInline
  func take(_ selection: Selection) -> Handle<MessageNode> {
    received(it.mailbox.remove(after: selection.before)!, Scheduler.current!)
  }

  /// A message leaves the mailbox for the process's body.
  // Ordering: `isBounded` is its own, here and below (R9).
  @inline(__always)
  private func received(_ node: Handle<MessageNode>, _ scheduler: Handle<Scheduler>) -> Handle<MessageNode> {
    scheduler.it.counters.messagesReceived.add()
    it.mailbox.lastSender = node.it.sender
    it.mailbox.lastSent = node.it.sent
    it.mailbox.lastBytes = node.it.bytes
    if node.it.kind != .message || it.isBounded.load(ordering: .relaxed) { return account(node) }
    return node
  }

  /// What is rare: a request is noted (CA1), a bounded mailbox has room again (MB1).
  @inline(never)
  private func account(_ node: Handle<MessageNode>) -> Handle<MessageNode> {
    if node.it.kind == .request { services().it.calls.note(node.ticket) }
    if node.it.kind == .parentExit { noteParentExitReceived() }
    if node.it.isCounted && it.isBounded.load(ordering: .relaxed) { release(Int(node.it.bytes)) }
    return node
  }
}

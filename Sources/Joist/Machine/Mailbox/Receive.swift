// SPDX-License-Identifier: Apache-2.0
//
// Receiving, on the process's own stack. These functions do not know the message's type, which `ProcessContext` adds.

import Synchronization

extension Handle<ProcessRecord> {
  /// Takes the next message, which the caller opens; returns nil if there is none, and then the caller awaits one.
  @usableFromInline
  func nextMessage(_ generation: UInt32) throws(ProcessExit) -> Handle<MessageNode>? {
    guard it.mailbox.first != nil, paysQuickly(generation, Cost.lookAtMessage) else {
      return try lookForMessage(generation)
    }
    return received(it.mailbox.removeFirst()!, Scheduler.current!)
  }

  /// Takes the next message, after a suspension point and a look at the inbox; returns nil if there is none.
  @inline(never)
  private func lookForMessage(_ generation: UInt32) throws(ProcessExit) -> Handle<MessageNode>? {
    let scheduler = try suspensionPoint(generation, cost: Cost.lookAtMessage)
    if it.isBounded {
      collectMail()
      if it.flags.contains(.exiting) { try refuse() }
    }
    if let node = it.mailbox.removeFirst() {
      scheduler.notifyDeferred()
      return received(node, scheduler)
    }
    if let node = takeNew() { return received(node, scheduler) }
    return nil
  }

  /// Parks until there is a message, and takes it.
  ///
  /// The function is small, because its frame is among the saved frames of every process that waits.
  @usableFromInline
  func awaitMessage() throws(ProcessExit) -> Handle<MessageNode> {
    if it.flags.contains(.exiting) { try refuse() }
    waitForMail(on: Scheduler.current!)
    if let node = takeArrived() { return received(node, Scheduler.current!) }
    return try awaitMore()
  }

  /// Does the same after a wait that has ended without a message at hand.
  @inline(never)
  private func awaitMore() throws(ProcessExit) -> Handle<MessageNode> {
    while true {
      if let node = takeNew() { return received(node, Scheduler.current!) }
      if !it.signals.relaxed.isEmpty {
        collectMail()
        if let node = it.mailbox.removeFirst() { return received(node, Scheduler.current!) }
      }
      if it.flags.contains(.exiting) { try refuse() }
      waitForMail(on: Scheduler.current!)
    }
  }

  /// Takes the next message, which the caller opens, and parks for at most `timeout` until there is one; returns nil if
  /// none comes.
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

  /// Parks until there is a message, without a stack slot meanwhile.
  func hibernate(_ generation: UInt32) throws(ProcessExit) {
    var scheduler = try suspensionPoint(generation, cost: Cost.park)
    while true {
      collectMail()
      if it.flags.contains(.exiting) { try refuse() }
      if it.mailbox.first != nil { return scheduler.notifyDeferred() }
      scheduler = wait(.receive, on: scheduler, leaving: .hibernated)
    }
  }

  /// Returns the next message that a selective receive has not looked at, and parks until there is one; nil if the
  /// timeout ends first.
  ///
  /// The timeout begins with the first call that waits, and lasts until `endSelection`.
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

  /// Ends a selective receive, and disarms its timeout.
  @usableFromInline
  func endSelection() {
    if it.flags.contains(.timed) { Scheduler.current!.disarm(self) }
  }

  /// Takes the candidate out of the mailbox; the caller opens it.
  @usableFromInline
  func take(_ selection: Selection) -> Handle<MessageNode> {
    received(it.mailbox.remove(after: selection.before)!, Scheduler.current!)
  }

  /// Counts a message that has left the mailbox for the process's body, and stores its sender, time and size.
  @inline(__always)
  private func received(_ node: Handle<MessageNode>, _ scheduler: Handle<Scheduler>) -> Handle<MessageNode> {
    let count = scheduler.it.counters.messagesReceived.add()
    it.usage.received.add()
    if count & scheduler.it.noticedMessages == 0 { note(node, scheduler) }
    it.mailbox.lastSender = node.it.sender
    it.mailbox.lastSent = node.it.sent
    it.mailbox.lastBytes = node.it.bytes
    if node.it.kind != .message || node.it.hasToken || it.mindsMail { return account(node) }
    return node
  }

  /// Notes a received message for the histograms, for the recorder, or for both.
  @inline(never)
  private func note(_ node: Handle<MessageNode>, _ scheduler: Handle<Scheduler>) {
    if scheduler.it.counters.messagesReceived.total & Limits.sampleMask == 0 { sample(node, scheduler) }
    if scheduler.it.pendingWork.contains(.recordsMessages) { record(node, scheduler) }
  }

  /// Counts the time from the send of a message to now, and the number of messages behind it.
  private func sample(_ node: Handle<MessageNode>, _ scheduler: Handle<Scheduler>) {
    let now = scheduler.it.lastClock
    scheduler.it.histograms.messageLatency.add(now > node.it.sent && node.it.sent > 0 ? now - node.it.sent : 0)
    scheduler.it.histograms.mailboxLength.add(UInt64(mailboxLengthAtAGuess))
  }

  private func record(_ node: Handle<MessageNode>, _ scheduler: Handle<Scheduler>) {
    scheduler.it.ring.write(RecorderEntry(.received, ProcessID(bits: node.it.sender)), scheduler.it.clock)
    scheduler.record(.message, payload: UInt64(node.bits))
  }

  /// Handles the rare cases: takes the message's trace token over (TK1), notes a request (CA1) or the parent's exit,
  /// and releases space in a bounded mailbox (MB1).
  @inline(never)
  private func account(_ node: Handle<MessageNode>) -> Handle<MessageNode> {
    setToken(node.token)
    if node.it.kind == .request { services().it.calls.note(node.ticket, sent: it.usage.sent.total) }
    if node.it.kind == .parentExit { noteParentExitReceived() }
    if node.it.isCounted && it.isBounded { release(Int(node.it.bytes)) }
    return node
  }
}

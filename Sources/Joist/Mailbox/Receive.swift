// SPDX-License-Identifier: Apache-2.0
//
// Receiving, on the process's own stack. What does not know the message's type is here; `ProcessContext` adds the type.

import Synchronization

extension Handle<ProcessRecord> {
  /// The next message, for the caller to open; nil when none came in time.
  @usableFromInline
  func nextMessage(_ generation: UInt32, timeout: Duration?) throws(ProcessExit) -> Handle<MessageNode>? {
    var scheduler = try suspensionPoint(generation, cost: Cost.lookAtMessage)
    if let node = it.mailbox.removeFirst() {
      scheduler.signalDeferred()
      return received(node, scheduler)
    }
    if let timeout { return try nextMessage(within: timeout, scheduler) }
    while true {
      if let node = takeNew() { return received(node, scheduler) }
      if it.flags.contains(.exiting) { try refuse() }
      scheduler = wait(.receive, on: scheduler)
    }
  }

  private func nextMessage(
    within timeout: Duration,
    _ present: Handle<Scheduler>
  ) throws(ProcessExit) -> Handle<MessageNode>? {
    var scheduler = present
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

  /// The first message behind `before` that was not looked at yet, for a selective receive: nil when the time is over.
  ///
  /// Waits while there is none. `wait` begins at the first call that has to, and ends with `endSelection`.
  @usableFromInline
  func nextCandidate(
    _ generation: UInt32,
    after before: Handle<MessageNode>?,
    timeout: Duration?
  ) throws(ProcessExit) -> Handle<MessageNode>? {
    var scheduler = try suspensionPoint(generation, cost: Cost.lookAtMessage)
    while true {
      if let node = before == nil ? it.mailbox.first : before!.it.next { return node }
      collectMail()
      if it.flags.contains(.exiting) { try refuse() }
      if let node = before == nil ? it.mailbox.first : before!.it.next { return node }
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

  /// Takes the candidate behind `before` out of the mailbox, for the caller to open.
  @usableFromInline
  func takeCandidate(after before: Handle<MessageNode>?) -> Handle<MessageNode> {
    received(it.mailbox.remove(after: before)!, Scheduler.current!)
  }

  /// The wait ends so long from now; false when that is now.
  func armWait(_ timeout: Duration, on scheduler: Handle<Scheduler>) -> Bool {
    guard timeout > .zero, let deadline = scheduler.it.runtime.deadline(after: timeout) else { return false }
    scheduler.arm(self, deadline)
    return true
  }

  /// Whether the wait's end has come.
  func isOverdue(on scheduler: Handle<Scheduler>) -> Bool {
    scheduler.it.runtime.it.platform.now() >= it.deadline.load(ordering: .relaxed)
  }

  @inline(__always)
  private func received(_ node: Handle<MessageNode>, _ scheduler: Handle<Scheduler>) -> Handle<MessageNode> {
    scheduler.it.figures.messagesReceived.add()
    return node
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// Waiting in a queue until its owner grants what the queue is for: a permit, a lock, space in a mailbox. A process
// notes the queue in its extras, so that its end finds it (WL3): signals that come while it waits may run a user's
// code, which may crash.

/// An object for which threads and processes wait in a queue.
protocol WaitQueueOwner: AnyObject {
  /// Takes the node of a waiter out of the queue; if that waiter has its grant already, passes it to the next one.
  ///
  /// Called for a waiter whose wait ended without a grant, and for a process that crashed while it waited. Returns
  /// whether the node was in the queue.
  @discardableResult
  func leaveQueue(_ node: Handle<QueuedWaiter>, isGranted: Bool) -> Bool
}

/// A process's node in a wait queue, the queue's owner, and whether that has granted what the process waits for.
struct Grant {
  let owner: any WaitQueueOwner
  let node: Handle<QueuedWaiter>
  /// Whether the process has seen its grant, and has not used it yet.
  var isGranted = false
}

/// How a wait in a queue ended.
enum QueueOutcome {
  /// The caller did not have to wait.
  case immediate
  /// The owner granted what the caller waited for.
  case granted
  /// The timeout passed, or an exit came first.
  ///
  /// `wasQueued` is false if another thread had just taken the node out, and its grant came too late.
  case left(wasQueued: Bool)
}

extension Waiter {
  /// Waits in a queue of `owner` until that grants what the queue is for, and finishes this waiter.
  ///
  /// The node is allocated and freed here, never under the owner's lock. If the process crashes meanwhile, its end
  /// takes the node out of the queue and frees it.
  ///
  /// `takeOrEnqueue`, under the owner's lock, either takes what the caller wants and returns true, or opens the node's
  /// ticket, appends the node to the queue, and returns false.
  func waitInQueue(
    of owner: some WaitQueueOwner,
    timeout: Duration? = nil,
    _ kind: Interruptibility = .interruptible,
    takeOrEnqueue: (Handle<QueuedWaiter>) -> Bool
  ) -> QueueOutcome {
    let node = Handle<QueuedWaiter>.allocate(QueuedWaiter(ticket, amount: 1))
    defer {
      node.free()
      finish()
    }
    note(node, in: owner)
    if takeOrEnqueue(node) { return .immediate }
    if wait(.turn, until: deadline(after: timeout), kind) != nil { return .granted }
    return .left(wasQueued: owner.leaveQueue(node, isGranted: false))
  }

  /// Notes in the extras of a process in which queue it waits, until `finish`; does nothing for a thread.
  func note(_ node: Handle<QueuedWaiter>, in owner: some WaitQueueOwner) {
    if let process { process.extras().it.grant = Grant(owner: owner, node: node) }
  }
}

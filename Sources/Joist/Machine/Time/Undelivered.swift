// SPDX-License-Identifier: Apache-2.0
//
// Values that are no longer needed and whose `deinit` is user code and may trap: messages that timers could not
// deliver, and reports that are dropped.
//
// UD1. They are never destroyed under a lock. What is counted or given back with them is counted or given back before,
//      so that a trap cannot prevent it.
// UD2. A process that is made for the purpose destroys them. If none can be made, or if a plain thread must see them
//      destroyed before it goes on, a new thread destroys them on a stack where traps are contained, as in `blocking`
//      (X6). Only if the system provides no such thread either is a trap not contained.

/// Values that are to be destroyed, in message nodes.
struct Undelivered {
  /// The messages that are to be reported first: those to processes that had ended, and those to full mailboxes.
  private var toEndedProcesses = Stack()
  private var toFullMailboxes = Stack()
  private var others = Stack()

  /// Linked nodes, the last one first.
  private struct Stack {
    private(set) var first: Handle<MessageNode>?

    mutating func push(_ node: Handle<MessageNode>) {
      node.it.next = first
      first = node
    }

    mutating func pop() -> Handle<MessageNode>? {
      guard let node = first else { return nil }
      first = node.it.next
      return node
    }
  }

  var isEmpty: Bool { toEndedProcesses.first == nil && toFullMailboxes.first == nil && others.first == nil }

  /// Adds a message.
  mutating func add(_ node: Handle<MessageNode>) { others.push(node) }

  /// Adds a message that is to be reported as a dead letter; its receiver's record is `receiver`.
  mutating func add(_ node: Handle<MessageNode>, _ receiver: ProcessHandle, _ cause: DeadLetter.Cause) {
    // The receiver replaces the time of sending.
    node.it.sent = UInt64(receiver.bits)
    switch cause {
    case .noProcess: toEndedProcesses.push(node)
    case .mailboxFull, .ownMailboxFull: toFullMailboxes.push(node)
    }
  }

  /// Adds a value of any type.
  mutating func add<Value>(value: Value) {
    let delivery = Delivery.begin(Value.self)
    delivery.put(value)
    add(delivery.node)
  }

  /// Reports the messages that are to be reported; the caller holds no lock.
  fileprivate mutating func report() {
    while let node = toEndedProcesses.pop() { report(node, .noProcess) }
    while let node = toFullMailboxes.pop() { report(node, .mailboxFull) }
  }

  private mutating func report(_ node: Handle<MessageNode>, _ cause: DeadLetter.Cause) {
    node.reportDead(ProcessHandle(address: UInt(node.it.sent)), cause)
    add(node)
  }

  /// Removes a message that needs no report any more.
  fileprivate mutating func removeFirst() -> Handle<MessageNode>? { others.pop() }
}

extension Handle<RuntimeCore> {
  /// Starts a process that finds the values in its inbox and has nothing else to do (UD2).
  func destroyElsewhere(_ undelivered: consuming Undelivered) {
    var undelivered = undelivered
    undelivered.report()
    _ = try? spawn(SpawnRequest(.init()) { (_: ProcessContext<Never>) in }) { process in
      while let node = undelivered.removeFirst() {
        node.it.kind = .remains
        node.it.generation = process.it.identity.generation
        _ = process.it.inbox.push(node)
      }
    }
    destroyHere(undelivered)
  }

  /// Destroys a message: here if a crash is contained, else in a new process (UD2).
  func destroy(_ node: Handle<MessageNode>) {
    if node.isTrivial || Destruction.isContainedHere { return node.discard() }
    var undelivered = Undelivered()
    undelivered.add(node)
    destroyElsewhere(undelivered)
  }

  /// Destroys the values before this thread goes on (UD2); none of them is to be reported.
  ///
  /// A new thread does it, because this one may run a Swift task, whose state a crash would leave behind.
  func destroyHere(_ undelivered: consuming Undelivered) {
    if undelivered.isEmpty { return }
    let destruction = Destruction(undelivered, self)
    if Destruction.isContainedHere || !destruction.runOnOwnThread(it.platform) { destruction.run() }
  }
}

/// A job that destroys values one after the other; if one traps, the job is run again for the rest.
// Sound: one thread uses it at a time.
private final class Destruction: RunnableJob, @unchecked Sendable {
  let core: Handle<RuntimeCore>
  /// Nil, because no process waits for it.
  var process: ProcessHandle? { nil }
  private var undelivered: Undelivered

  init(_ undelivered: consuming Undelivered, _ core: Handle<RuntimeCore>) {
    self.undelivered = undelivered
    self.core = core
  }

  /// Whether a crash on this thread would be that of a process or of a `blocking` closure.
  static var isContainedHere: Bool { Scheduler.current?.it.running != nil || BlockingStack.current != nil }

  func run() { while let node = undelivered.removeFirst() { node.discard() } }

  func fail(_ reason: ExitReason) {}

  /// Runs on a new thread until nothing is left, however many values trap; returns false if there is no thread.
  func runOnOwnThread(_ platform: any Platform) -> Bool {
    guard let slot = Handle<StackSlot>.dedicated(bytes: Limits.blockingStackBytes, on: platform) else { return false }
    let thread = try? HostPlatform.shared.startThread(named: "joist-destroy") {
      let stack = Handle<BlockingStack>.make(slot, platform)
      while !self.undelivered.isEmpty { _ = stack.run(self) }
      stack.release()
    }
    guard let thread else {
      slot.releaseDedicated(on: platform)
      return false
    }
    thread.join()
    return true
  }
}

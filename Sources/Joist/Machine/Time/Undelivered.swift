// SPDX-License-Identifier: Apache-2.0
//
// Values that nobody wants any more, whose `deinit` is a user's code and may trap: messages that timers could not
// deliver, reports that are forgotten.
// UD1. They are never destroyed under a lock, and what is counted or given back with them is that before: a trap must
//      not keep it from being done.
// UD2. A process that is made for that destroys them. Where none can be made, and where a plain thread must see them
//      gone before it goes on, a thread that is made for that destroys them on a stack where a trap is contained, as in
//      `blocking` (X6). Only where the system gives no such thread either is a trap not contained.

/// Values that are to be destroyed, in message nodes.
struct Undelivered {
  /// Messages that are to be reported first: to processes that had ended, to full mailboxes.
  private var toTheDead = Stack()
  private var toTheFull = Stack()
  private var others = Stack()

  /// Nodes that are linked, the last one first.
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

  var isEmpty: Bool { toTheDead.first == nil && toTheFull.first == nil && others.first == nil }

  /// One more.
  mutating func add(_ node: Handle<MessageNode>) { others.push(node) }

  /// One more, which is to be reported as a dead letter to a process of that record; which one the node says.
  mutating func add(_ node: Handle<MessageNode>, _ receiver: ProcessHandle, _ cause: DeadLetter.Cause) {
    // The receiver is noted where the time of sending was.
    node.it.sent = UInt64(receiver.bits)
    switch cause {
    case .noProcess: toTheDead.push(node)
    case .mailboxFull, .ownMailboxFull: toTheFull.push(node)
    }
  }

  /// One more, of any type.
  mutating func add<Value>(value: Value) {
    let delivery = Delivery.begin(Value.self)
    delivery.put(value)
    add(delivery.node)
  }

  /// Reports those that are to be reported; no lock is held.
  fileprivate mutating func report() {
    while let node = toTheDead.pop() { report(node, .noProcess) }
    while let node = toTheFull.pop() { report(node, .mailboxFull) }
  }

  private mutating func report(_ node: Handle<MessageNode>, _ cause: DeadLetter.Cause) {
    node.reportDead(ProcessHandle(address: UInt(node.it.sent)), cause)
    add(node)
  }

  /// Takes one out that needs no report any more.
  fileprivate mutating func removeFirst() -> Handle<MessageNode>? { others.pop() }
}

extension Handle<RuntimeCore> {
  /// Makes a process that finds all that in its inbox, and nothing else to do (UD2).
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

  /// Destroys one: here where a crash is contained, else in a process (UD2).
  func destroy(_ node: Handle<MessageNode>) {
    if node.isTrivial || Destruction.isContainedHere { return node.discard() }
    var undelivered = Undelivered()
    undelivered.add(node)
    destroyElsewhere(undelivered)
  }

  /// Destroys all that before this thread goes on (UD2); nothing of it is to be reported.
  ///
  /// A thread of its own does it, for this one may run a Swift task, whose state a crash would leave behind.
  func destroyHere(_ undelivered: consuming Undelivered) {
    if undelivered.isEmpty { return }
    let destruction = Destruction(undelivered, self)
    if Destruction.isContainedHere || !destruction.runOnOwnThread(it.platform) { destruction.run() }
  }
}

/// Destroys values one after the other; where one traps, it is run again for the rest.
// Sound: it is one thread's at a time.
private final class Destruction: RunnableJob, @unchecked Sendable {
  let core: Handle<RuntimeCore>
  /// No process waits for it.
  var process: ProcessHandle? { nil }
  private var undelivered: Undelivered

  init(_ undelivered: consuming Undelivered, _ core: Handle<RuntimeCore>) {
    self.undelivered = undelivered
    self.core = core
  }

  /// Whether a crash here is that of a process or of a closure of `blocking`.
  static var isContainedHere: Bool { Scheduler.current?.it.running != nil || BlockingStack.current != nil }

  func run() { while let node = undelivered.removeFirst() { node.discard() } }

  func fail(_ reason: ExitReason) {}

  /// Runs on a thread of its own until nothing is left, however many of them trap; false when there is none.
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

// SPDX-License-Identifier: Apache-2.0
//
// The holders of locks and permits, and what becomes of these when a holder ends without giving them back.
// HD1. A process notes what it holds in its extras, a closure of `blocking` in the stack that it runs on. Only the
//      holder touches its notes.
// HD2. What is still noted when a process ends, or when a closure has crashed, is given back then: locks are passed on
//      as inconsistent, permits are released. Nothing can be noted for a plain thread: a crash there ends the program.

/// What gives permits.
protocol PermitGiver: AnyObject {
  /// Gives a permit to the first waiter, or makes it free.
  func passAlong()
}

/// The holder of something: a process, a closure of `blocking`, or a thread.
enum Holder: Equatable {
  case process(ProcessHandle, ProcessID)
  /// A closure of `blocking`, by the stack that it runs on.
  case closure(Handle<BlockingStack>)
  /// A plain thread.
  case thread

  /// The process or the closure that runs on this thread, or the thread.
  static var here: Holder {
    if let process = Scheduler.current?.it.running { return .process(process, process.id) }
    return BlockingStack.current.map { .closure($0) } ?? .thread
  }

  /// Changes its notes (HD1); nil for a plain thread, which has none.
  func withHoldings<Result>(_ body: (inout Holdings) -> Result) -> Result? {
    switch self {
    case .process(let process, _): body(&process.extras().it.holdings)
    case .closure(let stack): body(&stack.it.holdings)
    case .thread: nil
    }
  }

  /// Has room for notes, so that nothing is allocated where its lock is held.
  func makeRoomForNotes() {
    if case .process(let process, _) = self { _ = process.extras() }
  }

  /// Gives back what it still holds (HD2); the notes are gone one by one, so that this may begin anew.
  func giveEverythingBack() {
    while let lock = withHoldings({ $0.takeLock() }) ?? nil { lock.abandon() }
    while let giver = withHoldings({ $0.takePermit() }) ?? nil { giver.passAlong() }
  }
}

/// What a process or a closure holds.
struct Holdings {
  /// The lock that was taken last; each knows the one that was taken before it.
  fileprivate var lastLock: LockCore?
  /// One for each permit that `withPermit` has taken.
  private var permits: [any PermitGiver] = []

  var isEmpty: Bool { lastLock == nil && permits.isEmpty }

  /// Notes a lock.
  mutating func add(_ lock: LockCore) {
    lock.heldBefore = lastLock
    lastLock = lock
  }

  /// Forgets a lock: usually the last one that was taken.
  mutating func remove(_ lock: LockCore) {
    if lastLock === lock {
      lastLock = lock.heldBefore
    } else {
      var here = lastLock
      while let other = here, other.heldBefore !== lock { here = other.heldBefore }
      here?.heldBefore = lock.heldBefore
    }
    lock.heldBefore = nil
  }

  fileprivate mutating func takeLock() -> LockCore? {
    guard let lock = lastLock else { return nil }
    remove(lock)
    return lock
  }

  /// Does something for each lock.
  func eachLock(_ body: (LockCore) -> Void) {
    var here = lastLock
    while let lock = here {
      body(lock)
      here = lock.heldBefore
    }
  }

  /// Has room for one more permit, so that noting it cannot fail.
  mutating func makeRoomForPermit() {
    if permits.count == permits.capacity { permits.reserveCapacity(max(4, 2 * permits.count)) }
  }

  /// Notes a permit.
  mutating func add(_ giver: any PermitGiver) { permits.append(giver) }

  /// Forgets a permit.
  mutating func remove(_ giver: any PermitGiver) {
    if let index = permits.lastIndex(where: { $0 === giver }) { permits.remove(at: index) }
  }

  fileprivate mutating func takePermit() -> (any PermitGiver)? { permits.popLast() }
}

// SPDX-License-Identifier: Apache-2.0
//
// The holders of locks and permits, and what becomes of these when a holder ends without giving them back.
// HD1. A process notes what it holds in its extras, a closure of `blocking` in the stack that it runs on. Only the
//      holder touches its notes.
//
// What is still noted when a process ends, or when a closure has crashed, is given back then: locks are passed on as
// inconsistent, permits are released. A plain thread has no notes: a crash there ends the program.

/// An object that gives permits.
protocol PermitGiver: AnyObject {
  /// Gives a permit to the first waiter, or makes it free.
  func passAlong()
}

/// The holder of a lock or a permit: a process, a closure of `blocking`, or a thread.
enum Holder: Equatable {
  case process(ProcessHandle, ProcessID)
  /// A closure of `blocking`, named by the stack that it runs on.
  case closure(Handle<BlockingStack>)
  /// A plain thread.
  case thread

  /// The process, if it is one.
  var process: ProcessHandle? { if case .process(let process, _) = self { process } else { nil } }

  /// The process or the closure that runs on this thread, or the thread.
  static var here: Holder {
    if let process = Scheduler.current?.it.running { return .process(process, process.id) }
    return BlockingStack.current.map { .closure($0) } ?? .thread
  }

  /// Passes its notes to the body (HD1); returns nil for a plain thread, which has none.
  func withHoldings<Result>(_ body: (inout Holdings) -> Result) -> Result? {
    switch self {
    case .process(let process, _): body(&process.extras().it.holdings)
    case .closure(let stack): body(&stack.it.holdings)
    case .thread: nil
    }
  }

  /// Allocates the memory for notes, so that nothing is allocated once the lock is held.
  func makeRoomForNotes() {
    if case .process(let process, _) = self { _ = process.extras() }
  }

  /// Gives back everything that it still holds.
  ///
  /// Each note is removed before what it names is given back, so that this may be interrupted and called again.
  func giveEverythingBack() {
    while let lock = withHoldings({ $0.takeLock() }) ?? nil { lock.abandon() }
    while let giver = withHoldings({ $0.takePermit() }) ?? nil { giver.passAlong() }
  }
}

/// The locks and permits that a process or a closure holds.
struct Holdings {
  /// The lock that was taken last; each lock links to the one that was taken before it.
  fileprivate var lastLock: LockCore?
  /// The semaphore of each permit that `withPermit` has taken.
  private var permits: [any PermitGiver] = []

  var isEmpty: Bool { lastLock == nil && permits.isEmpty }

  /// Notes a lock.
  mutating func add(_ lock: LockCore) {
    lock.heldBefore = lastLock
    lastLock = lock
  }

  /// Removes the note of a lock, which is usually the one that was taken last.
  mutating func remove(_ lock: LockCore) {
    if lastLock === lock {
      lastLock = lock.heldBefore
    } else {
      var later = lastLock
      while let other = later, other.heldBefore !== lock { later = other.heldBefore }
      later?.heldBefore = lock.heldBefore
    }
    lock.heldBefore = nil
  }

  fileprivate mutating func takeLock() -> LockCore? {
    guard let lock = lastLock else { return nil }
    remove(lock)
    return lock
  }

  /// Calls the body with each lock, the one taken last first.
  func eachLock(_ body: (LockCore) -> Void) {
    var next = lastLock
    while let lock = next {
      body(lock)
      next = lock.heldBefore
    }
  }

  /// Allocates spare capacity for one permit, so that noting it cannot fail.
  mutating func makeRoomForPermit() {
    if permits.count == permits.capacity { permits.reserveCapacity(max(4, 2 * permits.count)) }
  }

  /// Notes a permit.
  mutating func add(_ giver: any PermitGiver) { permits.append(giver) }

  /// Removes the note of a permit.
  mutating func remove(_ giver: any PermitGiver) {
    if let index = permits.lastIndex(where: { $0 === giver }) { permits.remove(at: index) }
  }

  fileprivate mutating func takePermit() -> (any PermitGiver)? { permits.popLast() }
}

// SPDX-License-Identifier: Apache-2.0
//
// A cell in which a process, a thread or a task waits for one result at a time: the reply to a call, a permit, a lock,
// space in a mailbox, a ready descriptor.
//
// The cell is one word. It is zero while no wait is open; odd, the number of a wait, while one is open; and otherwise
// the result: a small even number, or the address of a node. Only the waiter opens a wait, with a number that the cell
// has never had before, and only the waiter sets the word back to zero.
//
// WC3. A thread that has a result replaces the number that it was told by that result, in one compare-exchange. So
//      there is at most one result, and one that comes late, or twice, finds another word and changes nothing, even if
//      the cell has a new user by then.
// WC4. A cell keeps its address until the program ends: it is part of a process record or of an `ExternalWaiter`.
// WC5. A process that waits parks first and then looks at its cell; a thread that has the result stores it first and
//      then claims the process (G2). All four accesses are sequentially consistent, so one of the two sees the other.

import Synchronization

/// A cell for one result at a time.
package struct OneShot: ~Copyable {
  private let word = Atomic<UInt>(0)
  /// The number of the last wait; only the waiter touches it.
  private var sequence: UInt = 0

  init() {}

  /// Sets the number of the last wait, so that no number up to `last` is used again; the word is zero.
  mutating func begin(past last: UInt) { sequence = last }

  /// The number of the last wait.
  var lastNumber: UInt { sequence }

  /// Returns a number that the cell has never had, without opening a wait.
  mutating func nextNumber() -> UInt {
    sequence &+= 2
    return sequence | 1
  }

  /// Opens the wait with that number.
  // Ordering: releasing pairs with the compare-exchange in `resolve`, which then sees how the waiter waits. The
  // resolving thread knows that the wait is open, because the waiter sent or queued its ticket afterwards. A waiter
  // that did so before looks again at what may have ended the wait meanwhile (`ExternalCall`).
  func open(_ number: UInt) { word.store(number, ordering: .releasing) }

  /// Whether the wait with that number is open and has no result; may be out of date at once.
  // Ordering: relaxed, a guess.
  func awaits(_ number: UInt) -> Bool { word.load(ordering: .relaxed) == number }

  /// The number of the wait that is open and has no result; nil if there is none. May be out of date at once.
  // Ordering: sequentially consistent for WE2: it comes after the load of the note.
  var openNumber: UInt? {
    let number = word.load(ordering: .sequentiallyConsistent)
    return number & 1 == 1 ? number : nil
  }

  /// Whether the result is there; for a process that has just parked.
  // Ordering: sequentially consistent for WC5: after the parking, and before the resolving thread's claim.
  var isAnswered: Bool { OneShot.isResult(word.load(ordering: .sequentiallyConsistent)) }

  /// Stores the result of the wait with that number (WC3); returns false if that wait is over.
  // Ordering: releasing publishes the node to `take` and `close`; sequentially consistent for WC5, before the claim.
  func resolve(_ number: UInt, with result: WaitResult) -> Bool {
    SchedulePoint.betweenSteps()
    return word.compareExchange(expected: number, desired: result.bits, ordering: .sequentiallyConsistent).exchanged
  }

  /// Takes the result and ends the wait; returns nil, and leaves the wait open, if there is no result yet.
  // Ordering: acquiring pairs with `resolve`. The store is relaxed: no thread replaces a result, and the next `open`
  // comes after the store in the waiter's own order.
  func take() -> WaitResult? {
    let seen = word.load(ordering: .acquiring)
    guard OneShot.isResult(seen) else { return nil }
    SchedulePoint.betweenSteps()
    word.store(0, ordering: .relaxed)
    return WaitResult(bits: seen)
  }

  /// Ends the wait, and returns the result that came before, if any.
  // Ordering: acquiring pairs with `resolve`. Nothing is published.
  func close() -> WaitResult? {
    SchedulePoint.betweenSteps()
    let seen = word.exchange(0, ordering: .acquiring)
    return OneShot.isResult(seen) ? WaitResult(bits: seen) : nil
  }

  private static func isResult(_ word: UInt) -> Bool { word & 1 == 0 && word != 0 }
}

/// The result of a wait, as the cell's word holds it.
struct WaitResult: Equatable {
  let bits: UInt

  init(bits: UInt) { self.bits = bits }
  init(_ node: Handle<MessageNode>) { bits = node.bits }

  /// The waiter has what it waited for.
  static var granted: WaitResult { WaitResult(bits: 2) }
  /// The timeout has passed.
  static var timedOut: WaitResult { WaitResult(bits: 4) }
  /// The process does not exist, or has ended.
  static var noProcess: WaitResult { WaitResult(bits: 6) }
  /// The mailbox is full.
  static var mailboxFull: WaitResult { WaitResult(bits: 8) }
  /// The mailbox is full, and only the sender could make space in it.
  static var ownMailboxFull: WaitResult { WaitResult(bits: 14) }
  /// A descriptor is ready, and others wait for it as well: this waiter reports when it has continued (DP3).
  static var grantedFirst: WaitResult { WaitResult(bits: 16) }
  /// The request was discarded unread.
  static var discarded: WaitResult { WaitResult(bits: 10) }
  /// The waiter has given up.
  static var cancelled: WaitResult { WaitResult(bits: 12) }
  /// The wait was a part of a deadlock, which its end breaks.
  static var deadlock: WaitResult { WaitResult(bits: 18) }

  /// The node, if the result is one.
  var node: Handle<MessageNode>? { bits < 64 ? nil : Handle(bits: bits) }
}

/// Names one wait: its cell, and its number in that cell.
///
/// Keeps nothing alive, and is of no use after the wait has ended.
@usableFromInline
package struct WaitTicket: Sendable, Equatable {
  /// The cell's address; the lowest bit says whether the cell is that of an `ExternalWaiter`.
  private let cellBits: UInt
  private let number: UInt

  init(_ cell: Handle<OneShot>, isExternal: Bool) {
    cellBits = cell.bits | (isExternal ? 1 : 0)
    number = cell.it.nextNumber()
  }

  /// Names a wait of a process that another thread has found.
  init(_ cell: Handle<OneShot>, number: UInt) {
    cellBits = cell.bits
    self.number = number
  }

  private var isExternal: Bool { cellBits & 1 != 0 }
  private var cell: Handle<OneShot> { Handle(bits: cellBits & ~1)! }

  /// The process that waits; nil for a thread or a task.
  var process: ProcessHandle? { isExternal ? nil : ProcessHandle(cell: cell) }

  /// Opens the wait; called by the waiter.
  func open() { cell.it.open(number) }

  /// Whether the wait is open and has no result; may be out of date at once.
  var isAwaited: Bool { cell.it.awaits(number) }

  /// Stores the result and wakes the waiter; returns false if the wait is over.
  ///
  /// Then a node still belongs to the caller.
  func answer(_ result: WaitResult, from scheduler: Handle<Scheduler>?) -> Bool {
    guard cell.it.resolve(number, with: result) else { return false }
    if isExternal {
      Handle<ExternalWaiter>(cell: cell).wake()
    } else {
      let process = ProcessHandle(cell: cell)
      if process.it.inbox.claim() { process.wake(from: scheduler) }
    }
    return true
  }

  /// The runtime that counts what becomes of the result; nil for a thread or a task.
  var home: Handle<RuntimeCore>? {
    isExternal ? nil : ProcessHandle(cell: cell).home
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// Where one waits for one answer: the reply to a call, a turn at a lock, room in a mailbox, a descriptor.
// WC1. The word is zero (nobody waits), odd (a number: who waits, and for which answer) or the answer: a small even
//     number, or the address of a node.
// WC2. Only the waiter opens a wait, with a number that the cell has never had before, and only it goes back to zero.
// WC3. Whoever has an answer exchanges the number that it was told for it, in one step. So there is one answer at most,
//     and one that comes late, or twice, finds another word and changes nothing, whoever uses the cell by then.
// WC4. A cell keeps its address for the program's life: a record's, or one of `ExternalWaiter`.
// WC5. A process that waits for an answer parks first and looks at its cell then; who answers does so first and claims
//     the process then (G2). All four are sequentially consistent, so one of the two sees the other.

import Synchronization

/// A place for one answer at a time.
package struct OneShot: ~Copyable {
  private let word = Atomic<UInt>(0)
  /// The number of the last wait; the waiter's own.
  private var sequence: UInt = 0

  init() {}

  /// All numbers up to that one were had (WC2); the word is zero.
  mutating func begin(past last: UInt) { sequence = last }

  /// The number of the last wait.
  var lastNumber: UInt { sequence }

  /// A new number (WC2); nobody waits yet.
  mutating func nextNumber() -> UInt {
    sequence &+= 2
    return sequence | 1
  }

  /// Waits for the answer to that number from now on.
  // Ordering: releasing pairs with the exchange in `answer`, which sees how the waiter waits. That the wait is open at
  // all is known from what was sent or put in a line after this, or looked at again by whom it concerns
  // (`ExternalCall`).
  func open(_ number: UInt) { word.store(number, ordering: .releasing) }

  /// Whether somebody waits for the answer to that number, at about this moment.
  // Ordering: relaxed, a guess.
  func awaits(_ number: UInt) -> Bool { word.load(ordering: .relaxed) == number }

  /// Whether somebody waits here, and has no answer yet, at about this moment.
  // Ordering: sequentially consistent for CY2: behind the look at the note.
  var isOpen: Bool { word.load(ordering: .sequentiallyConsistent) & 1 == 1 }

  /// Whether the answer is there; for one who has just parked.
  // Ordering: sequentially consistent for WC5; behind the parking, and before whoever answers claims.
  var isAnswered: Bool { OneShot.isAnswer(word.load(ordering: .sequentiallyConsistent)) }

  /// Answers (WC3); false when it comes too late.
  // Ordering: releasing publishes the node to `take` and `close`; sequentially consistent for WC5, before the claim.
  func answer(_ number: UInt, with answer: WaitResult) -> Bool {
    SchedulePoint.betweenSteps()
    return word.compareExchange(expected: number, desired: answer.bits, ordering: .sequentiallyConsistent).exchanged
  }

  /// The answer, if it is there; nobody waits any more then.
  // Ordering: acquiring pairs with `answer`. The store is relaxed, for nobody exchanges an answer, and the next `open`
  // comes after it in the waiter's own order.
  func take() -> WaitResult? {
    let seen = word.load(ordering: .acquiring)
    guard OneShot.isAnswer(seen) else { return nil }
    SchedulePoint.betweenSteps()
    word.store(0, ordering: .relaxed)
    return WaitResult(bits: seen)
  }

  /// Nobody waits any more; the answer that came before.
  // Ordering: acquiring pairs with `answer`. Nothing is published.
  func close() -> WaitResult? {
    SchedulePoint.betweenSteps()
    let seen = word.exchange(0, ordering: .acquiring)
    return OneShot.isAnswer(seen) ? WaitResult(bits: seen) : nil
  }

  private static func isAnswer(_ word: UInt) -> Bool { word & 1 == 0 && word != 0 }
}

/// What is in a cell in the end (WC1).
struct WaitResult: Equatable {
  let bits: UInt

  init(bits: UInt) { self.bits = bits }
  init(_ node: Handle<MessageNode>) { bits = node.bits }

  /// What was waited for may be had.
  static var granted: WaitResult { WaitResult(bits: 2) }
  /// The time is over.
  static var timedOut: WaitResult { WaitResult(bits: 4) }
  /// There is no such process, or not any more.
  static var noProcess: WaitResult { WaitResult(bits: 6) }
  /// The mailbox is full.
  static var mailboxFull: WaitResult { WaitResult(bits: 8) }
  /// The mailbox is full, and only the sender could make room.
  static var ownMailboxFull: WaitResult { WaitResult(bits: 14) }
  /// A descriptor is ready, and others wait for it as well: whoever gets this says when it has gone on (DP3).
  static var grantedFirst: WaitResult { WaitResult(bits: 16) }
  /// The request was thrown away unread.
  static var discarded: WaitResult { WaitResult(bits: 10) }
  /// Who waits has given up.
  static var cancelled: WaitResult { WaitResult(bits: 12) }

  /// The node, if it is one.
  var node: Handle<MessageNode>? { bits < 64 ? nil : Handle(bits: bits) }
}

/// Names one wait: which cell, and which of its numbers.
///
/// Keeps nothing alive; worthless after the answer.
@usableFromInline
package struct WaitTicket: Sendable, Equatable {
  /// The cell's address, and in the lowest bit whether it is a `ExternalWaiter`'s.
  private let place: UInt
  private let number: UInt

  init(_ cell: Handle<OneShot>, isExternal: Bool) {
    place = cell.bits | (isExternal ? 1 : 0)
    number = cell.it.nextNumber()
  }

  private var isExternal: Bool { place & 1 != 0 }
  private var cell: Handle<OneShot> { Handle(bits: place & ~1)! }

  /// The process that waits; nil for a thread or a task.
  var process: ProcessHandle? { isExternal ? nil : ProcessHandle(cell: cell) }

  /// Waits for the answer from now on; the waiter's.
  func open() { cell.it.open(number) }

  /// Whether somebody still waits for it, at about this moment.
  var isAwaited: Bool { cell.it.awaits(number) }

  /// Answers, and wakes who waits; false when it comes too late.
  ///
  /// The node stays the caller's then.
  func answer(_ answer: WaitResult, from scheduler: Handle<Scheduler>?) -> Bool {
    guard cell.it.answer(number, with: answer) else { return false }
    if isExternal {
      Handle<ExternalWaiter>(cell: cell).wake()
    } else {
      let process = ProcessHandle(cell: cell)
      if process.it.inbox.claim() { process.wake(from: scheduler) }
    }
    return true
  }

  /// The runtime that counts what becomes of the answer; nil for a thread's.
  var home: Handle<RuntimeCore>? {
    isExternal ? nil : ProcessHandle(cell: cell).home
  }
}

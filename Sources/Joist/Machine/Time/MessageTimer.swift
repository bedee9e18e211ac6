// SPDX-License-Identifier: Apache-2.0
//
// A message that is sent at a later time, or repeatedly: an entry of a wheel that holds a message.
//
// TM1. The word is the number of the current timer in this memory, which is odd, or an even number if there is none. A
//      thread claims the timer, to fire or to cancel it, by exchanging the number for the even one below. The claimant
//      takes the entry out of its wheel and out of its receiver's list, and uses or destroys its content.
// TM2. A timer that repeats keeps its number when it fires. It fires under its wheel's lock, and a thread that cancels
//      it takes that lock before it destroys anything.
// TM3. The memory is used for timers only, and no number is used twice. So an old `TimerID` finds another number.
// TM4. What a timer has not delivered is destroyed by rules UD1 and UD2 (`Undelivered`): not under the wheel's lock,
//      and after the timer was counted as gone.
// TM5. A timer ends with its receiver. The receiver lists the timers that are armed for it, under the lock of its
//      extras, and cancels them at its end. A timer is first inserted in its wheel and then listed, if it has not fired
//      by then. So a claimant either finds it in both, or it enters neither of them again.
// TM6. A runtime does not end while a claimed timer is still in a wheel (`dropTimers`). So the wheel that a claimed
//      timer's place names exists.

import Synchronization

/// A handle to a timer that was made by `sendAfter` or `sendEvery`.
public struct TimerID: Sendable, Hashable {
  let timer: Handle<MessageTimer>?
  let number: UInt

  /// Returns whether two values identify the same timer.
  public static func == (a: Self, b: Self) -> Bool { a.timer == b.timer && a.number == b.number }

  /// Hashes the identity of the timer.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(timer?.bits)
    hasher.combine(number)
  }
}

extension TimerID: CustomStringConvertible {
  /// A text such as `timer 3`, or `no timer` if none was armed.
  public var description: String { timer == nil ? "no timer" : "timer \(number)" }
}

/// A message and the time at which it is due.
package struct MessageTimer: ~Copyable {
  /// The entry in a wheel; the first field, so that both have the same address.
  var entry = TimerEntry(kind: .message)
  private let word = Atomic<UInt>(0)
  /// The runtime in whose wheel it is.
  var core: Handle<RuntimeCore>?
  /// The time at which it is due next.
  // Ordering: `begin` has the argument. Where a timer fires or is cancelled, the wheel's lock or the claim orders it.
  let deadline = Atomic<Int64>(0)
  /// The interval of a repeating timer; zero for one that fires once.
  fileprivate(set) var interval: Int64 = 0
  /// The message of a timer that fires once, or the maker of a repeating timer's messages.
  var node: Handle<MessageNode>?
  var maker: MessageMaker?
  /// The receiver.
  var target: ProcessHandle?
  var targetID = ProcessID(bits: 0)
  /// The process that armed it; zero for a thread.
  var sender: UInt64 = 0
  /// The neighbors in the receiver's list, under the lock of the receiver's extras (TM5).
  fileprivate var nextOfTarget: Handle<MessageTimer>?
  fileprivate var previousOfTarget: Handle<MessageTimer>?

  /// Begins a new timer in this memory and returns its number; no thread can fire it before it is in a wheel.
  // Ordering: the release of the deadline pairs with `deadline(of:)`, which then also sees that the previous timer is
  // gone. The number may be relaxed: a thread that knows it got it from here, and the wheel's lock publishes the rest.
  mutating func begin(at deadline: Int64, every interval: Int64) -> UInt {
    self.deadline.store(deadline, ordering: .releasing)
    self.interval = interval
    let number = word.load(ordering: .relaxed) &+ 3
    word.store(number, ordering: .relaxed)
    return number
  }

  /// The number of the current timer; zero if there is none.
  // Ordering: relaxed, because it is only compared.
  var number: UInt {
    let word = word.load(ordering: .relaxed)
    return word & 1 == 0 ? 0 : word
  }

  /// Returns the time at which the timer with a number is due next; nil if it is gone.
  // Ordering: acquiring keeps the read of the number after this one, and pairs with `begin`.
  func deadline(of number: UInt) -> Int64? {
    let deadline = deadline.load(ordering: .acquiring)
    return self.number == number ? deadline : nil
  }

  /// Claims the timer with a number; returns false if it is gone (TM1).
  // Ordering: relaxed, because it decides only which thread gets the timer. The content is ordered by the wheel's lock
  // and by `TimerEntry.leave`, which the claimant waits for.
  func claim(_ number: UInt) -> Bool {
    number != 0 && word.compareExchange(expected: number, desired: number &- 1, ordering: .relaxed).exchanged
  }

  /// Returns the first time after `now` on a repeating timer's grid; missed times are not made up for.
  // Ordering: relaxed, under the wheel's lock.
  func following(_ now: Int64) -> Int64 {
    let due = deadline.load(ordering: .relaxed)
    let (missed, overflow) = now.subtractingReportingOverflow(due)
    if overflow || missed < 0 { return due }
    let (next, isTooFar) = due.addingReportingOverflow((missed / interval + 1).multipliedClamped(by: interval))
    return isTooFar ? .max - 1 : next
  }
}

extension Int64 {
  fileprivate func multipliedClamped(by other: Int64) -> Int64 {
    let (product, overflow) = multipliedReportingOverflow(by: other)
    return overflow ? .max : product
  }
}

extension Handle<MessageTimer> {
  /// Makes the handle of the timer that contains an entry.
  init(entry: Handle<TimerEntry>) { self.init(bits: entry.bits)! }

  /// The timer's entry.
  var entry: Handle<TimerEntry> { Handle<TimerEntry>(bits: bits)! }
}

/// The timers that are armed for one process (TM5).
struct ArmedTimers {
  private(set) var first: Handle<MessageTimer>?

  mutating func insert(_ timer: Handle<MessageTimer>) {
    timer.entry.it.isListed = true
    timer.it.previousOfTarget = nil
    timer.it.nextOfTarget = first
    first?.it.previousOfTarget = timer
    first = timer
  }

  /// Removes a timer; does nothing if it is not listed any more.
  mutating func remove(_ timer: Handle<MessageTimer>) {
    guard timer.entry.it.isListed else { return }
    timer.entry.it.isListed = false
    let (next, previous) = (timer.it.nextOfTarget, timer.it.previousOfTarget)
    next?.it.previousOfTarget = previous
    if let previous { previous.it.nextOfTarget = next } else { first = next }
    timer.it.nextOfTarget = nil
    timer.it.previousOfTarget = nil
  }
}

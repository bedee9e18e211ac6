// SPDX-License-Identifier: Apache-2.0
//
// A message that is sent at a time, or again and again: an entry of a wheel with a message in it.
// TM1. The word is the number of the present timer in this memory, which is odd, or an even one when there is none.
//      Whoever exchanges it for the even one below, to fire or to cancel, has the timer: it takes the entry out of its
//      wheel and out of its receiver's list, and uses or destroys what is in it.
// TM2. A timer that repeats keeps its number when it fires. That is done under its wheel's lock, and who cancels it
//      takes the lock before it destroys anything.
// TM3. The memory is used for timers only, and no number is used twice, so an old `TimerID` finds another number.
// TM4. What a timer has not delivered is destroyed by the rules UD1 and UD2 (`Undelivered`): not under the wheel's
//      lock, and after the timer was counted as gone.
// TM5. A timer goes with its receiver: that lists the timers that are armed for it, under the lock of its extras, and
//      its end cancels them. A timer is put into its wheel first and into the list then, if it has not fired; so
//      whoever has claimed it finds it in both, or it comes into neither again.
// TM6. A runtime does not end while somebody who has claimed a timer has not taken it out of the wheel (`dropTimers`).
//      So the wheel that a claimed timer's place names is there.

import Synchronization

/// Names one `sendAfter` or `sendEvery`.
public struct TimerID: Sendable, Hashable {
  let timer: Handle<MessageTimer>?
  let number: UInt

  /// The same timer.
  public static func == (a: Self, b: Self) -> Bool { a.timer == b.timer && a.number == b.number }

  /// As `==`.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(timer?.bits)
    hasher.combine(number)
  }
}

extension TimerID: CustomStringConvertible {
  /// As in `timer 3`; `no timer` for a message that was sent at once.
  public var description: String { timer == nil ? "no timer" : "timer \(number)" }
}

/// A message and when it is due.
package struct MessageTimer: ~Copyable {
  /// First, so that both have the same address.
  var entry = TimerEntry(owner: .message)
  private let word = Atomic<UInt>(0)
  /// The runtime that has it in a wheel.
  var core: Handle<RuntimeCore>?
  /// When it is due next.
  // Ordering: `begin` has the argument; where a timer fires or is cancelled, the wheel's lock, or having claimed it.
  let deadline = Atomic<Int64>(0)
  /// From one time to the next; zero for a timer that fires once.
  fileprivate(set) var interval: Int64 = 0
  /// What is sent: once, or a new one each time.
  var node: Handle<MessageNode>?
  var maker: MessageMaker?
  /// To whom.
  var target: ProcessHandle?
  var targetID = ProcessID(bits: 0)
  /// Who armed it; zero for a thread.
  var sender: UInt64 = 0
  /// Its neighbours in its receiver's list, under the lock of the receiver's extras (TM5).
  fileprivate var nextOfTarget: Handle<MessageTimer>?
  fileprivate var previousOfTarget: Handle<MessageTimer>?

  /// For a new timer in this memory; nobody may fire it before it is in a wheel.
  // Ordering: releasing the deadline pairs with `remaining`, which sees with it that the timer before has gone. The
  // number may be relaxed, for whoever knows it got it from here, and the wheel's lock publishes the rest.
  mutating func begin(at deadline: Int64, every interval: Int64) -> UInt {
    self.deadline.store(deadline, ordering: .releasing)
    self.interval = interval
    let number = word.load(ordering: .relaxed) &+ 3
    word.store(number, ordering: .relaxed)
    return number
  }

  /// The present number; zero for none.
  // Ordering: relaxed, for it is only compared.
  var number: UInt {
    let word = word.load(ordering: .relaxed)
    return word & 1 == 0 ? 0 : word
  }

  /// When the timer with that number is due next; nil when it has gone.
  // Ordering: acquiring keeps the look at the number behind, and pairs with `begin`.
  func deadline(of number: UInt) -> Int64? {
    let deadline = deadline.load(ordering: .acquiring)
    return self.number == number ? deadline : nil
  }

  /// Takes the timer (TM1).
  // Ordering: relaxed, for it only decides who. What is in the timer is ordered by the wheel's lock, and behind
  // `TimerEntry.leave`, which whoever has claimed it waits for.
  func claim(_ number: UInt) -> Bool {
    number != 0 && word.compareExchange(expected: number, desired: number &- 1, ordering: .relaxed).exchanged
  }

  /// The first time after now on a repeating timer's grid: what was missed is not made up for.
  // Ordering: under the wheel's lock.
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
  /// The one that has this entry.
  init(entry: Handle<TimerEntry>) { self.init(bits: entry.bits)! }

  /// Its entry.
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

  /// Takes a timer out; does nothing if it is not in any more.
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

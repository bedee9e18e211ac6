// SPDX-License-Identifier: Apache-2.0
//
// The word by which others tell a process something that is not a message.
// G1. It is set by anyone, and cleared only by whoever has the process.
// G2. Whoever sets a bit that somebody must act on sets it first and then tries to claim the process (`Inbox.claim`).
//     Whoever parks a process parks it first and then reads this word. Both are sequentially consistent, so one of
//     the two sees the other: no wake is lost.
//
// Ordering: all changes of the word are sequentially consistent, which costs an exchange nothing. G2 needs it of those
// that raise and are followed by a claim. They also release what was done before, and whoever clears acquires it.

import Synchronization

/// What others want of a process; zero nearly always, and read at every suspension point.
package struct Signals: ~Copyable {
  private let word = Atomic<UInt64>(0)

  /// One or more flags of the word.
  struct Flags: OptionSet {
    let rawValue: UInt64
    /// A timer fired or something else that is waited for has happened: test again.
    static let woken = Flags(rawValue: 1)
    /// An exit signal lies in the inbox.
    static let exit = Flags(rawValue: 2)
    /// It is to end now, whatever it does; if it does not, it is abandoned.
    static let kill = Flags(rawValue: 4)
    /// A slot-mate waits for its slot: move to an image at the end of the slice.
    static let slotWanted = Flags(rawValue: 8)
    /// An urgent message lies in the inbox.
    static let urgentMail = Flags(rawValue: 16)
    /// The mailbox holds much more than it may: throw the oldest away.
    static let overfull = Flags(rawValue: 32)
    /// A call has thrown since it was killed; raised by the process itself.
    static let toldOfKill = Flags(rawValue: 64)
    /// Counted in the upper half: suspends that were not yet taken back.
    static let oneSuspend = Flags(rawValue: 1 << 32)
    /// What a process looks at when it reaches a suspension point of its own.
    static let ofInterestInside: Flags = [.exit, .kill, .urgentMail, .overfull, Flags(rawValue: suspendMask)]

    /// What makes a waiting process ready.
    static let ofInterestOutside: Flags = [.woken, .exit, .kill, .overfull]

    fileprivate static let suspendMask: UInt64 = ~0 << 32
    var suspends: UInt32 { UInt32(truncatingIfNeeded: rawValue >> 32) }
    /// Whether suspends keep a process with these flags from running: not while an exit or a kill waits to be taken in,
    /// and not while it exits.
    @inline(__always)
    func areHolding(_ flags: ProcessFlags) -> Bool {
      suspends > 0 && isDisjoint(with: [.exit, .kill]) && !flags.contains(.exiting)
    }
  }

  /// For those who have the process or are about to (G2).
  // Ordering: sequentially consistent, behind the exchange in `Inbox.park`; pairs with `raise` before `Inbox.claim`.
  @inline(__always)
  var ordered: Flags {
    SchedulePoint.betweenSteps()
    return Flags(rawValue: word.load(ordering: .sequentiallyConsistent))
  }

  /// For a quick look at a suspension point: a bit that is just being set will be seen at the next.
  // Ordering: relaxed, a guess: whoever acts on it acquires by `clear`, or by taking the inbox.
  @inline(__always)
  var relaxed: Flags { Flags(rawValue: word.load(ordering: .relaxed)) }

  /// Sets flags (G2: claim afterwards); returns the flags before that.
  @discardableResult
  func raise(_ flags: Flags) -> Flags {
    SchedulePoint.betweenSteps()
    return Flags(rawValue: word.bitwiseOr(flags.rawValue, ordering: .sequentiallyConsistent).oldValue)
  }

  /// Clears flags (G1).
  // Ordering: acquiring sees what was done, and pushed, before they were raised: so it may be taken in then.
  @inline(__always)
  func clear(_ flags: Flags) {
    if !relaxed.isDisjoint(with: flags) {
      word.bitwiseAnd(~flags.rawValue, ordering: .sequentiallyConsistent)
    }
  }

  /// Adds one suspend (SU2).
  // Ordering: nobody is claimed after it, and the process sees it at its next look; relaxed would do.
  func suspend() {
    word.wrappingAdd(Flags.oneSuspend.rawValue, ordering: .sequentiallyConsistent)
  }

  /// Takes suspends back (SU2); true when they were the last, and then the process is to test again what it waits for.
  func resume(_ count: UInt32) -> Bool {
    var old = word.load(ordering: .relaxed)
    while true {
      let isLast = Flags(rawValue: old).suspends == count
      let less = old - UInt64(count) * Flags.oneSuspend.rawValue
      SchedulePoint.betweenSteps()
      let (done, seen) = word.weakCompareExchange(
        expected: old,
        desired: isLast ? less | Flags.woken.rawValue : less,
        ordering: .sequentiallyConsistent
      )
      if done { return isLast }
      old = seen
    }
  }

  /// For a new process of the record.
  // Ordering: published with the rest of the record when the process is made ready.
  @inline(__always)
  func reset() { word.store(0, ordering: .relaxed) }
}

extension ProcessFlags {
  /// The signals that end its present wait: not an exit, where that cannot be thrown.
  @inline(__always)
  var wakingSignals: Signals.Flags {
    guard contains(.killable) else { return .ofInterestOutside }
    return contains(.awaitsAnswer) ? [.woken, .kill] : .woken
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// The word by which others tell a process something that is not a message. Any thread may set flags; only the owner of
// the process clears them. The upper half counts suspends, which any thread changes under the lock of the process's
// extras (SU2).
// G2. A thread that raises a signal sets the bit first and then tries to claim the process (`Inbox.claim`). A thread
//     that parks a process parks it first and then reads this word. All four accesses are sequentially consistent, so
//     the raiser sees the parking or the parker sees the bit: no wake is lost.
//
// Ordering: all changes of the word are sequentially consistent, which costs an atomic read-modify-write nothing. Only
// a `raise` that a claim follows needs it (G2). All of them also release what was done before; the thread that clears a
// bit acquires it.

import Synchronization

/// What others ask of a process; almost always zero, and read at every suspension point.
package struct Signals: ~Copyable {
  private let word = Atomic<UInt64>(0)

  /// A set of flags of the word.
  struct Flags: OptionSet {
    let rawValue: UInt64
    /// A timer fired, or something else happened that the process may wait for: it is to test its condition again.
    static let woken = Flags(rawValue: 1)
    /// An exit signal lies in the inbox.
    static let exit = Flags(rawValue: 2)
    /// The process is to end now; if it does not, it is abandoned.
    static let kill = Flags(rawValue: 4)
    /// A sharer waits for its stack slot: the process's frames are to be saved at the end of the slice.
    static let slotWanted = Flags(rawValue: 8)
    /// An urgent message lies in the inbox.
    static let urgentMail = Flags(rawValue: 16)
    /// The mailbox is far above its limit: the owner is to destroy the oldest messages.
    static let overfull = Flags(rawValue: 32)
    /// A call has thrown since the process was killed; the process itself raises this.
    static let toldOfKill = Flags(rawValue: 64)
    /// One suspend: the upper half counts those that were not taken back yet.
    static let oneSuspend = Flags(rawValue: 1 << 32)
    /// The signals that a process handles when it reaches a suspension point.
    static let handledAtSuspensionPoints: Flags = [.exit, .kill, .urgentMail, .overfull, Flags(rawValue: suspendMask)]

    /// The signals that make a waiting process ready.
    static let wakesWaiting: Flags = [.woken, .exit, .kill, .overfull]

    fileprivate static let suspendMask: UInt64 = ~0 << 32
    var suspends: UInt32 { UInt32(truncatingIfNeeded: rawValue >> 32) }
    /// Returns whether suspends keep a process with these flags from running.
    ///
    /// They do not while an exit or a kill waits to be handled, nor while the process exits.
    @inline(__always)
    func suspendsHoldBack(_ flags: ProcessFlags) -> Bool {
      suspends > 0 && isDisjoint(with: [.exit, .kill]) && !flags.contains(.exiting)
    }
  }

  /// The flags, for a thread that has the process or is about to claim it (G2).
  // Ordering: sequentially consistent. It follows the change of the word in `Inbox.park`, and pairs with `raise`
  // followed by `Inbox.claim`.
  @inline(__always)
  var ordered: Flags {
    SchedulePoint.betweenSteps()
    return Flags(rawValue: word.load(ordering: .sequentiallyConsistent))
  }

  /// The flags, for a quick look at a suspension point: a bit that is being set is seen at the next one.
  // Ordering: relaxed, a guess. The process acquires by `clear`, or by emptying the inbox, before it acts on a flag.
  @inline(__always)
  var relaxed: Flags { Flags(rawValue: word.load(ordering: .relaxed)) }

  /// Sets flags and returns the flags before that; the caller claims the process afterwards (G2).
  @discardableResult
  func raise(_ flags: Flags) -> Flags {
    SchedulePoint.betweenSteps()
    return Flags(rawValue: word.bitwiseOr(flags.rawValue, ordering: .sequentiallyConsistent).oldValue)
  }

  /// Clears flags; the caller has the process.
  // Ordering: acquiring. The owner sees what was done, and pushed, before the flags were raised, and may handle it.
  @inline(__always)
  func clear(_ flags: Flags) {
    if !relaxed.isDisjoint(with: flags) {
      word.bitwiseAnd(~flags.rawValue, ordering: .sequentiallyConsistent)
    }
  }

  /// Adds one suspend (SU2).
  // Ordering: relaxed would do: no claim follows, and the process sees the suspend at its next look.
  func suspend() {
    word.wrappingAdd(Flags.oneSuspend.rawValue, ordering: .sequentiallyConsistent)
  }

  /// Takes `count` suspends back (SU2).
  ///
  /// Returns true if they were the last. The process is then to test again what it waits for.
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

  /// Clears the word for a new process of the record.
  // Ordering: relaxed. It is published with the rest of the record when the process is made ready.
  @inline(__always)
  func reset() { word.store(0, ordering: .relaxed) }
}

extension ProcessFlags {
  /// The signals that wake the process from its present wait.
  ///
  /// In a `.killable` wait an exit does not wake the process, because the call cannot throw. A kill does only if the
  /// process also awaits an answer: a `blocking` call waits for its closure to return even then.
  @inline(__always)
  var wakingSignals: Signals.Flags {
    guard contains(.killable) else { return .wakesWaiting }
    return contains(.awaitsAnswer) ? [.woken, .kill] : .woken
  }
}

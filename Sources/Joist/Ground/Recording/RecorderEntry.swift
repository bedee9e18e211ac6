// SPDX-License-Identifier: Apache-2.0
//
// One entry of the flight recorder: eight bytes. The upper five bits are the kind. The other 59 bits are the identity
// of a process, or a payload. So an entry of a process is its identity, which the record has at hand, with the kind
// put over the bits that are reserved for a node. What an entry does not say follows from the entries before it: which
// process runs, and why a process waits.

/// An entry in a recorder's ring; zero where none was written.
package struct RecorderEntry: Sendable, Equatable {
  package let bits: UInt64

  package init(bits: UInt64) { self.bits = bits }

  /// The kinds of entries.
  ///
  /// Their numbers are a part of the format of recordings.
  package enum Kind: UInt8, CaseIterable {
    /// The process that ran here has yielded, waits, waits without a stack, or has ended, and this one runs instead.
    case afterYield
    case afterWait, afterHibernation, afterEnd
    /// This process, which ran here, has yielded, waits, waits without a stack, or has ended; the scheduler runs now.
    case yielded, waits, hibernates, exited
    /// The scheduler begins to run this process.
    case run
    /// The process that runs here has spawned this one.
    case spawned
    /// The code that runs here has made this process ready.
    case ready
    /// The process that runs here begins to wait: the payload is the `WaitReason`. Without it, it waits for a message.
    case reason
    /// The process that runs here has used up its slice.
    case preempted
    /// The process that runs here ends for a reason that is not `.normal`: the payload is a `RecordedEnd`.
    case ended
    /// The process that runs here has crashed: the payload is the signal.
    case crashed
    /// The scheduler took this process to run it, but it is suspended.
    case held
    /// The scheduler has taken processes from another one: the payload has their number in the lower 32 bits, and the
    /// other scheduler's number above.
    case stole
    /// The payload is a `RecordedActivity` of the scheduler's thread.
    case scheduler
    /// The process that runs here has collected its private heap: the payload is the time in ticks.
    case collected
    /// The frames of this process were saved elsewhere, and restored.
    case framesSaved, framesRestored
    /// The process that runs here has sent a message to this one, has received one of it, or has replied to it; an
    /// entry `message` follows the first two.
    case sent, received, replied
    /// The payload is a number by which the send of a message is matched with its receive.
    case message
    /// A message to this process was not delivered.
    case dropped
    /// The program has marked a moment, or the beginning or the end of an interval: the payload is the address of the
    /// name, and an entry `value` with the value follows.
    case mark, intervalBegan, intervalEnded
    /// The payload is the value of the mark before it.
    case value
    /// The process that runs here has this trace token from now on; the payload is zero for none.
    case token
    /// The payload is the time on the cheap clock.
    case time
  }

  private static var kindShift: UInt64 { 59 }
  private static var payloadMask: UInt64 { (1 << 59) - 1 }

  /// Makes an entry that names a process.
  @inline(__always)
  package init(_ kind: Kind, _ process: ProcessID) {
    bits = UInt64(kind.rawValue) &<< Self.kindShift | process.bits
  }

  /// Makes an entry of the kind that comes `distance` behind another one.
  @inline(__always)
  package init(_ first: Kind, plus distance: UInt8, _ process: ProcessID) {
    bits = (UInt64(first.rawValue) &+ UInt64(distance)) &<< Self.kindShift | process.bits
  }

  /// Makes an entry with a payload.
  @inline(__always)
  package init(_ kind: Kind, payload: UInt64) {
    bits = UInt64(kind.rawValue) &<< Self.kindShift | payload & Self.payloadMask
  }

  package var kind: Kind? { bits == 0 ? nil : Kind(rawValue: UInt8(bits >> Self.kindShift)) }
  package var payload: UInt64 { bits & Self.payloadMask }
  /// The process that it names, if its kind names one.
  package var process: ProcessID { ProcessID(bits: payload) }
}

extension RecorderEntry.Kind {
  /// Whether its entries name a process.
  package var namesProcess: Bool {
    switch self {
    case .time, .stole, .scheduler, .mark, .intervalBegan, .intervalEnded, .value, .message, .reason, .preempted,
      .ended, .crashed, .collected, .token:
      false
    default: true
    }
  }

  /// Whether its entries say that a process begins to run.
  package var beginsSlice: Bool {
    switch self {
    case .afterYield, .afterWait, .afterHibernation, .afterEnd, .run: true
    default: false
    }
  }

  /// Whether its entries say that a process has left the thread to the scheduler.
  package var endsSlice: Bool {
    switch self {
    case .yielded, .waits, .hibernates, .exited: true
    default: false
    }
  }
}

/// What the thread of a scheduler does, as an entry says it.
package enum RecordedActivity: UInt64, CaseIterable {
  /// The thread goes to sleep, and wakes.
  case slept, woke
  /// The slice that has just ended was so long that a spare scheduler stood in.
  case wasStuck
}

/// The kind of reason for which a process has ended.
package enum RecordedEnd: UInt64, CaseIterable {
  case shutdown = 1
  case error, killed, trap, stackOverflow, noProcess, other
}

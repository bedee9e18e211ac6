// SPDX-License-Identifier: Apache-2.0
//
// What the entries of a ring say, in order: each entry is read with what was said before it, which process runs and why
// it waits.

/// An event of the flight recorder.
public struct RecorderEvent: Sendable, Hashable {
  /// What happened.
  public enum Kind: Sendable, Hashable {
    /// The process was spawned by `other`.
    case spawned
    /// The process became ready; `other` is the process that ran then, if one did.
    case ready
    /// The process began to run, and stopped.
    case began
    case left(Departure)
    /// The process ends, for a reason that is not `.normal`: `shutdown`, `error`, `killed`, `trap`, `stackOverflow`,
    /// `noProcess` or `other`.
    case ended(String)
    /// The process crashed with that signal.
    case crashed(signal: Int)
    /// A scheduler passed over the process, because it was suspended.
    case held
    /// The process sent a message to `other`, or received one of it; the number is the same for both.
    case sent(message: UInt64)
    case received(message: UInt64)
    /// The process replied to `other`.
    case replied
    /// A message of the process to `other` was not delivered.
    case dropped
    /// The process has this trace token from now on.
    case token(TraceToken?)
    /// The process collected its private heap.
    case collected(Duration)
    /// The frames of the process were saved elsewhere, or restored.
    case framesSaved, framesRestored
    /// The program's own events, with the address of the name.
    case mark(name: UInt64, value: Int)
    case intervalBegan(name: UInt64)
    case intervalEnded(name: UInt64)
    /// The scheduler took processes from another one.
    case stole(count: Int, from: Int)
    /// The scheduler's thread went to sleep, woke, or was found stuck in the slice before.
    case slept, woke, wasStuck
  }

  /// Why a process stopped running.
  public enum Departure: Sendable, Hashable {
    case yielded, preempted, hibernated, exited
    case waits(WaitReason)
  }

  /// The time on the runtime's cheap clock, in ticks.
  ///
  /// The clock is read once for 64 entries and whenever a scheduler reads it anyway; events in between are placed
  /// evenly.
  public let ticks: UInt64
  /// What happened.
  public let kind: Kind
  /// The process that the event is about; nil for events of the scheduler, or if it is not known.
  public let process: ProcessID?
  /// The other process that takes part.
  public let other: ProcessID?
}

extension RecorderEvent: CustomStringConvertible {
  /// The event in words, without its time.
  public var description: String {
    let subject = process.map { "\($0) " } ?? ""
    let object = other.map { " \($0)" } ?? ""
    switch kind {
    case .spawned: return "\(subject)spawned by\(other.map { " \($0)" } ?? " a thread")"
    case .ready: return "\(subject)ready\(other.map { ", woken by \($0)" } ?? "")"
    case .began: return "\(subject)runs"
    case .left(let departure): return "\(subject)\(departure)"
    case .ended(let reason): return "\(subject)ends: \(reason)"
    case .crashed(let signal): return "\(subject)crashed with signal \(signal)"
    case .held: return "\(subject)held, because it is suspended"
    case .sent: return "\(subject)sent a message to\(object)"
    case .received: return "\(subject)received a message of\(other.map { " \($0)" } ?? " a thread")"
    case .replied: return "\(subject)replied to\(object)"
    case .dropped: return "\(subject)sent a message to\(object), which was dropped"
    case .token(let token): return "\(subject)\(token.map { "has the trace token \($0)" } ?? "has no trace token")"
    case .collected(let time): return "\(subject)collected its heap in \(time)"
    case .framesSaved: return "\(subject)left its stack slot"
    case .framesRestored: return "\(subject)back in its stack slot"
    case .mark(let name, let value): return "\(subject)marked \(MarkName.text(at: name)) = \(value)"
    case .intervalBegan(let name): return "\(subject)began \(MarkName.text(at: name))"
    case .intervalEnded(let name): return "\(subject)ended \(MarkName.text(at: name))"
    case .stole(let count, let victim): return "stole \(count) of scheduler \(victim)"
    case .slept: return "sleeps"
    case .woke: return "awake"
    case .wasStuck: return "was stuck"
    }
  }
}

extension RecorderEvent.Departure: CustomStringConvertible {
  /// The departure in words, such as `waits: receive`.
  public var description: String {
    switch self {
    case .yielded: "yields"
    case .preempted: "used its slice up"
    case .hibernated: "hibernates"
    case .exited: "exits"
    case .waits(let reason): "waits: \(reason)"
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// The state of a process in its life, and the legal transitions between states.
// PS1. Only the owner of a process stores its state: its creator, the scheduler that runs or queues it, or the thread
//      that claimed its wake (`Inbox`). All others only read it.
// PS2. The state changes only by a named transition; a transition that does not fit the state is refused, not
//      performed.
// PS3. A process is on a run queue, or on the list of processes that wait for a stack slot, if and only if it is
//      `.ready`.
// PS4. `.suspended` is never stored. It is a count in the signals (`Signals`) that hides the stored state, so a message
//      or a timeout that arrives meanwhile is not lost.

/// The state of a process in its life.
///
/// | state | on a run queue | owner of its stack | may change the state |
/// | --- | --- | --- | --- |
/// | `created` | no | none | its creator |
/// | `ready` | exactly one | none | the scheduler that takes it |
/// | `running` | no | its scheduler | its scheduler |
/// | `waiting` | no | none | the thread that claims its wake |
/// | `suspended` | no | none | `resume`, or an exit |
/// | `terminated` | no | the pool | no thread |
public enum ProcessState: UInt8, Sendable, Hashable, CaseIterable {
  // Zero is the state of a record whose memory was given back (R10).
  case terminated, created, ready, running, waiting, suspended
}

/// A transition from one state to another.
package enum Transition: UInt8, CaseIterable {
  /// Created → ready: the process can be scheduled from now on.
  case create
  /// Ready → running.
  case schedule
  /// Running → ready: the process used up its slice, or yielded.
  case preempt
  /// Running → waiting.
  case block
  /// Waiting → ready.
  case wake
  /// Ready → waiting: a scheduler took the process to run it, but the process is suspended; `resume` wakes it.
  case hold
  /// Running → terminated.
  case terminate
}

extension ProcessState {
  /// Returns the state after a transition, or nil if the transition is not legal in this state (PS2).
  @inline(__always)
  package func after(_ transition: Transition) -> ProcessState? {
    switch (self, transition) {
    case (.created, .create), (.running, .preempt), (.waiting, .wake): .ready
    case (.ready, .schedule): .running
    case (.running, .block), (.ready, .hold): .waiting
    case (.running, .terminate): .terminated
    default: nil
    }
  }
}

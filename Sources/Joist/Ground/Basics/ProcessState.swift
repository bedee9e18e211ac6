// SPDX-License-Identifier: Apache-2.0
//
// Where a process is in its life, and how it may get elsewhere.
// A1. The state is stored only by whoever has the process: its creator, the scheduler that runs or queues it, the
//     thread that claimed its wake (`Inbox`). Others only read it.
// A2. It changes by a named transition and no other way; one that does not fit the state is refused, not performed.
// A3. A process is on a run queue, or on the list of those that wait for a slot, if and only if it is `.ready`.
// A4. `.suspended` is never stored: it is a count in the signals (`Signals`) that hides the state below it, which is
//     why a message or a timeout that comes meanwhile is not lost.

/// Where a process is in its life.
///
/// | state | on a run queue | who has its stack | who may change it |
/// | --- | --- | --- | --- |
/// | `created` | no | nobody | its creator |
/// | `ready` | exactly one | nobody | the scheduler that takes it |
/// | `running` | no | its scheduler | its scheduler |
/// | `waiting` | no | nobody | whoever claims its wake |
/// | `suspended` | no | nobody | `resume`, or an exit |
/// | `terminated` | no | the pool | nobody |
public enum ProcessState: UInt8, Sendable, Hashable, CaseIterable {
  // Zero is the state of a record whose memory was given back (R10).
  case terminated, created, ready, running, waiting, suspended
}

/// The ways from one state to another.
package enum Transition: UInt8, CaseIterable {
  /// Created → ready: it can be scheduled from now on.
  case create
  /// Ready → running.
  case schedule
  /// Running → ready: its slice is used up, or it yielded.
  case preempt
  /// Running → waiting.
  case block
  /// Waiting → ready.
  case wake
  /// Ready → waiting: it was taken to run, but it is suspended; `resume` wakes it.
  case hold
  /// Running → terminated.
  case terminate
}

extension ProcessState {
  /// The state after a transition, or nil where there is no such way (A2).
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

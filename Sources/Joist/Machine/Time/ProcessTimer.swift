// SPDX-License-Identifier: Apache-2.0
//
// A process's entry in a wheel. It is made when the process first waits with a timeout or calls, and is kept with its
// record (R7).

import Synchronization

/// The deadline of a process's wait.
package struct ProcessTimer: ~Copyable {
  /// The entry in a wheel; the first field, so that both have the same address.
  var entry = TimerEntry(kind: .process)
  /// The deadline of the current wait; `Int64.max` if it has none.
  ///
  /// The process stores it, and threads that serve wheels read it.
  // Ordering: `arm` and `disarm` have the argument.
  let deadline = Atomic<Int64>(Int64.max)
  /// The process that waits.
  let process: ProcessHandle
  /// The numbers of sleeps and calls of the process with that generation; for the thread that has the process.
  fileprivate var sleeps: UInt32 = 0
  fileprivate var calls: UInt32 = 0
  fileprivate var generation: UInt32 = 0

  init(_ process: ProcessHandle) { self.process = process }
}

extension Handle<ProcessTimer> {
  /// Makes the handle of the process timer that contains an entry.
  init(entry: Handle<TimerEntry>) { self.init(bits: entry.bits)! }

  /// Counts a sleep or a call of the process with that generation.
  func count(_ reason: WaitReason, _ generation: UInt32) {
    if it.generation != generation { (it.generation, it.sleeps, it.calls) = (generation, 0, 0) }
    if reason == .sleep { it.sleeps &+= 1 } else { it.calls &+= 1 }
  }

  /// Returns the numbers of sleeps and calls of the process with that generation.
  func counts(_ generation: UInt32) -> (sleeps: UInt32, calls: UInt32) {
    it.generation == generation ? (it.sleeps, it.calls) : (0, 0)
  }

  /// The process timer's entry.
  var entry: Handle<TimerEntry> { Handle<TimerEntry>(bits: bits)! }
}

extension Handle<ProcessRecord> {
  /// Returns the process's timer, which is made at the first call.
  @inline(__always)
  func ownTimer() -> Handle<ProcessTimer> { it.timer ?? makeTimer() }

  /// Returns the process's timer, which is made at the first call; nil if there is no memory for it.
  @inline(__always)
  func timerIfPossible() -> Handle<ProcessTimer>? {
    if it.timer == nil { it.timer = Handle<ProcessTimer>.allocateIfPossible(ProcessTimer(self)) }
    return it.timer
  }

  @inline(never)
  private func makeTimer() -> Handle<ProcessTimer> {
    let made = Handle<ProcessTimer>.allocate(ProcessTimer(self))
    it.timer = made
    return made
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// A process's entry in a wheel. It is made when the process first waits with a timeout, and is kept with its record
// (R7).

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

  init(_ process: ProcessHandle) { self.process = process }
}

extension Handle<ProcessTimer> {
  /// Makes the handle of the process timer that contains an entry.
  init(entry: Handle<TimerEntry>) { self.init(bits: entry.bits)! }

  /// The process timer's entry.
  var entry: Handle<TimerEntry> { Handle<TimerEntry>(bits: bits)! }
}

extension Handle<ProcessRecord> {
  /// Returns the process's timer, which is made at the first call.
  @inline(__always)
  func ownTimer() -> Handle<ProcessTimer> { it.timer ?? makeTimer() }

  @inline(never)
  private func makeTimer() -> Handle<ProcessTimer> {
    let made = Handle<ProcessTimer>.allocate(ProcessTimer(self))
    it.timer = made
    return made
  }
}

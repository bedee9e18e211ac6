// SPDX-License-Identifier: Apache-2.0
//
// A process's entry in a wheel: made when it first waits with an end, kept with its record (R7).

import Synchronization

/// The end of a process's wait.
package struct ProcessTimer: ~Copyable {
  /// First, so that both have the same address.
  var entry = TimerEntry(owner: .process)
  /// When the present wait ends; `Int64.max` when it does not.
  ///
  /// Stored by the process, read by wheels.
  // Ordering: `arm` and `disarm` have the argument.
  let deadline = Atomic<Int64>(Int64.max)
  /// Whose it is.
  let process: ProcessHandle

  init(_ process: ProcessHandle) { self.process = process }
}

extension Handle<ProcessTimer> {
  /// The one that has this entry.
  init(entry: Handle<TimerEntry>) { self.init(bits: entry.bits)! }

  /// Its entry.
  var entry: Handle<TimerEntry> { Handle<TimerEntry>(bits: bits)! }
}

extension Handle<ProcessRecord> {
  /// Its entry, made now if it has none.
  @inline(__always)
  func ownTimer() -> Handle<ProcessTimer> { it.timer ?? makeTimer() }

  @inline(never)
  private func makeTimer() -> Handle<ProcessTimer> {
    let made = Handle<ProcessTimer>.allocate(ProcessTimer(self))
    it.timer = made
    return made
  }
}

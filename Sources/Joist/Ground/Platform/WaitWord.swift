// SPDX-License-Identifier: Apache-2.0
//
// A word that threads sleep on.
// F1. A thread that changes what a sleeper waits for changes the word first and wakes second.
// F2. A thread that is about to sleep reads the word first, then tests its condition, then sleeps while the word still
//     has the value that was read. So it does not sleep through a change in between.
//
// Ordering: releasing and acquiring. A thread that reads the count written by `ring` sees what was changed before
// that call. A thread that reads an older count is not allowed to sleep, or is woken: the system compares the word
// behind a fence or a lock of its own.

import Synchronization

/// A count of events on which a thread can sleep until the next event.
package struct WaitWord: ~Copyable {
  let count = Atomic<UInt32>(0)

  /// The current count, read before the condition is tested (F2).
  var seen: UInt32 { count.load(ordering: .acquiring) }

  // Sound: the address is only compared.
  /// The address of the word.
  package var place: UInt { unsafe withUnsafePointer(to: count) { UInt(bitPattern: $0) } }

  /// Returns whether the word still has that value.
  package func isStill(_ value: UInt32) -> Bool { seen == value }

  /// Counts an event and wakes one sleeper, or all of them (F1).
  func ring(_ platform: any Platform, all: Bool = false) {
    count.wrappingAdd(1, ordering: .releasing)
    SchedulePoint.betweenSteps()
    platform.wake(self, all: all)
  }
}

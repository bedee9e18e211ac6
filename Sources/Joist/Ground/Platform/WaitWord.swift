// SPDX-License-Identifier: Apache-2.0
//
// A word that threads sleep on.
// F1. Whoever changes what a sleeper waits for changes the word first and wakes second.
// F2. Whoever sleeps reads the word first, then tests, then sleeps while the word is as it was read: a change in
//     between is never slept through.
//
// Ordering: releasing and acquiring. Who reads the count as it is after a signal sees what was changed before that; who
// reads an older one is not let to sleep, or is woken: the system compares the word behind a fence or a lock of its
// own.

import Synchronization

/// A count of events that a thread can sleep on until the next.
package struct WaitWord: ~Copyable {
  let count = Atomic<UInt32>(0)

  /// Read before testing what is waited for (F2).
  var seen: UInt32 { count.load(ordering: .acquiring) }

  // Sound: an address is only compared.
  /// Where it is.
  package var place: UInt { unsafe withUnsafePointer(to: count) { UInt(bitPattern: $0) } }

  /// Whether it has that value.
  package func isStill(_ value: UInt32) -> Bool { seen == value }

  /// Something changed (F1).
  func signal(_ platform: any Platform, all: Bool = false) {
    count.wrappingAdd(1, ordering: .releasing)
    SchedulePoint.betweenSteps()
    platform.wake(self, all: all)
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// Detects processes that wait for each other in a circle, and reports them.
// CY1. A process that waits without a timeout for something that only one other process can do, to make space in its
//      mailbox or to end, notes that process. It stores the note when its wait is open, and clears it when it
//      continues.
// CY2. Then it follows the notes. If they lead back to it, no process of the circle can continue by itself: each waits
//      for a result that only the next one can provide, and that one waits, too. If several begin to wait at the same
//      moment, at least one of them sees the whole circle, because the notes are sequentially consistent.
//
// A process whose wait has just ended may still have its note. Therefore a note counts only while the cell of its
// process awaits a result. Any process that could provide that result is itself in the circle and waits, including the
// one that looks.

import Synchronization

extension Handle<ProcessRecord> {
  /// Notes that this process waits for another one, and reports a circle if there is one (CY1, CY2).
  // Ordering: CY2.
  func noteWait(for other: ProcessHandle) {
    extras().it.waitsFor.store(other.bits, ordering: .sequentiallyConsistent)
    var circle = [id]
    var next = other
    while next != self {
      guard circle.count < Limits.longestCircle, let following = next.awaitedProcess else { return }
      circle.append(next.id)
      next = following
    }
    home.it.reports.add(home, about: id) { .deadlock(circle) }
  }

  /// Clears the note, if there is one, because the process continues.
  // Ordering: the relaxed load sees what this process itself stored last, because no other thread stores it; the store
  // is sequentially consistent for CY2.
  func forgetWaitsFor() {
    guard hasExtras else { return }
    let extras = extras()
    if extras.it.waitsFor.load(ordering: .relaxed) == 0 { return }
    extras.it.waitsFor.store(0, ordering: .sequentiallyConsistent)
  }

  /// The process that this one waits for; nil if it has no note, or its cell awaits no result.
  // Ordering: CY2.
  private var awaitedProcess: ProcessHandle? {
    guard hasExtras, let other = ProcessHandle(bits: extras().it.waitsFor.load(ordering: .sequentiallyConsistent)),
      cell.it.isOpen
    else { return nil }
    return other
  }
}

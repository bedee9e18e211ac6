// SPDX-License-Identifier: Apache-2.0
//
// Processes that wait for each other in a circle, and that this is said.
// CY1. A process that waits, without an end, for what only one other process can do notes that one: room in its
//      mailbox, or its end. It notes it when its wait is open, and takes the note back when it goes on.
// CY2. Then it follows the notes. If they lead back to it, none of the circle can go on by itself: each can be answered
//      by the next one alone, and that one waits. Of those that begin to wait at the same moment at least one sees the
//      whole circle, for the notes are sequentially consistent.
// CY3. A wait that was answered just then has a note still. So a note counts only while the cell of its process awaits
//      an answer. Whoever can answer it is in the circle and waits, the one that looks included.

import Synchronization

extension Handle<ProcessRecord> {
  /// Notes that this process waits for another one, and reports a circle (CY1, CY2).
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

  /// Takes the note back, if there is one: the process goes on.
  // Ordering: the relaxed load sees what this process itself stored last, for nobody else stores; CY2 for the store.
  func forgetWaitsFor() {
    guard hasExtras else { return }
    let extras = extras()
    if extras.it.waitsFor.load(ordering: .relaxed) == 0 { return }
    extras.it.waitsFor.store(0, ordering: .sequentiallyConsistent)
  }

  /// Whom it waits for, if it does so still (CY3).
  // Ordering: CY2.
  private var awaitedProcess: ProcessHandle? {
    guard hasExtras, let other = ProcessHandle(bits: extras().it.waitsFor.load(ordering: .sequentiallyConsistent)),
      cell.it.isOpen
    else { return nil }
    return other
  }
}

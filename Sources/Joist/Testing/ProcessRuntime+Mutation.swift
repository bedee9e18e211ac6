// SPDX-License-Identifier: Apache-2.0
//
// Doors by which a simulation plants faults (`RuleWatch` is to find them); called while no thread runs.

import Synchronization

extension ProcessRuntime {
  /// No queue ages any more.
  package func forgetAgeing() {
    for number in 0..<core.it.schedulerCount { core.it.scheduler(number).it.queue.forgetAgeing() }
  }

  /// Where two plain messages lie in a mailbox, swaps the first two if there are no chances left; whether it was one.
  package func swapMessages(ifChances left: Int) -> Bool {
    for process in core.it.table.all where process.it.state == .waiting || process.it.state == .ready {
      guard let first = process.it.mailbox.first, let second = first.it.next, first.it.isMessage, second.it.isMessage
      else { continue }
      if left == 0, let taken = process.it.mailbox.removeFirst() { process.it.mailbox.append(taken) }
      return true
    }
    return false
  }

  /// Where a record is free, puts it into the list once more if there are no chances left; whether it was a chance.
  package func freeTwice(ifChances left: Int) -> Bool {
    guard let free = core.it.table.firstFree(0) else { return false }
    if left == 0 {
      var again = RecordCache()
      again.put(free)
      core.it.table.put(&again)
    }
    return true
  }
}

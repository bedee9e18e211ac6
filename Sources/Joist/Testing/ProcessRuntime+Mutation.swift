// SPDX-License-Identifier: Apache-2.0
//
// Fault injection for simulations, which check that `RuleWatch` finds the faults. Called while no thread runs.

import Synchronization

extension ProcessRuntime {
  /// Turns ageing off in all queues.
  package func forgetAgeing() {
    for number in 0..<core.it.schedulerCount { core.it.scheduler(number).it.queue.forgetAgeing() }
  }

  /// Swaps the first two messages of a mailbox that begins with two plain ones, if `left` is zero.
  ///
  /// Returns whether there was such a mailbox.
  package func swapMessages(ifChances left: Int) -> Bool {
    for process in core.it.table.all where process.it.state == .waiting || process.it.state == .ready {
      guard let first = process.it.mailbox.first, let second = first.it.next, first.it.isMessage, second.it.isMessage
      else { continue }
      if left == 0, let taken = process.it.mailbox.removeFirst() { process.it.mailbox.append(taken) }
      return true
    }
    return false
  }

  /// Puts a free record into the list of free records once more, if `left` is zero.
  ///
  /// Returns whether there was a free record.
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

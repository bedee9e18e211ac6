// SPDX-License-Identifier: Apache-2.0
//
// Taking work from others: up to half of a victim's most urgent level, its remote list included (Q5). Victims are
// looked at from a random one on. A queue that another thief visits is passed over; one that is short, and not urgent,
// gets some time to be run by its own scheduler first.

import CJoist
import Synchronization

extension Handle<Scheduler> {
  /// A process from some other scheduler; the rest of what was taken is queued here.
  func steal() -> ProcessHandle? {
    let count = it.runtime.it.schedulerCount
    guard count > 1 else { return nil }
    var isLeft = false
    let start = Int(truncatingIfNeeded: nextRandom() >> 33) % count
    for offset in 0..<count {
      let number = (start + offset) % count
      if number == it.index { continue }
      let victim = it.runtime.it.scheduler(number)
      let length = victim.it.queue.lengthAtAGuess
      if length == 0 && victim.it.remote.isEmptyAtAGuess { continue }
      if length > 0 && isLeftToItself(victim, length) {
        isLeft = true
        continue
      }
      if let process = steal(from: victim, urgentOnly: false) {
        it.looksAtShortQueues = 0
        return process
      }
    }
    it.looksAtShortQueues = isLeft ? it.looksAtShortQueues + 1 : 0
    if isLeft { for _ in 0..<32 { joist_pause() } }
    return nil
  }

  /// Whether a queue is so short that a thief waits a little.
  ///
  /// Not where nobody else will run it: a scheduler that is stepped by hand, or a spare one, takes what there is.
  private func isLeftToItself(_ victim: Handle<Scheduler>, _ length: Int) -> Bool {
    it.handsOver && length < Limits.worthStealing && it.looksAtShortQueues < Limits.looksBeforeSmallSteal
      && !victim.it.queue.hasUrgentWorkAtAGuess && !victim.it.isStuck.load(ordering: .relaxed)
  }

  /// Takes up to half of a victim's most urgent level.
  func steal(from victim: Handle<Scheduler>, urgentOnly: Bool) -> ProcessHandle? {
    it.figures.stealAttempts.add()
    guard victim.it.queue.lock.tryEnter(it.runtime.it.platform) else { return nil }
    var taken = ReadyList()
    if let level = victim.it.queue.firstLevel, !urgentOnly || level >= .high {
      let share = min((victim.it.queue.length(level) + 1) / 2, Limits.stolenAtOnce)
      let slice = victim.it.queue.list(level).it.lastScheduled
      while taken.count < share, let process = victim.it.queue.dequeue(level, slice: slice) { taken.append(process) }
      victim.showUrgentWork()
    }
    victim.it.queue.lock.leave()
    if taken.count == 0 && !urgentOnly {
      var next = victim.it.remote.takeAll()
      while let process = next {
        next = process.it.next
        process.it.level = process.it.priority
        taken.append(process)
      }
    }
    guard let first = taken.removeFirst() else { return nil }
    it.figures.steals.add()
    it.figures.processesStolen.add(1 + taken.count)
    keep(&taken)
    return first
  }

  /// Queues what was taken beside the first.
  private func keep(_ taken: inout ReadyList) {
    guard taken.count > 0 else { return }
    it.queue.lock.lock()
    while let process = taken.removeFirst() {
      it.queue.enqueue(process, at: process.it.level, slice: sliceCount)
    }
    showUrgentWork()
    it.queue.lock.unlock()
    notify()
  }
}

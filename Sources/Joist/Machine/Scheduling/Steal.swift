// SPDX-License-Identifier: Apache-2.0
//
// Stealing: a scheduler without work takes up to half of a victim's most urgent level, or its remote list (Q5). It
// looks at the other schedulers from a random one on, at those of its own NUMA node first (NU3). It passes over a queue
// whose lock another visitor has: a thief, a scheduler that balances, a reader of statistics, or a thread that raises a
// priority.
//
// ST1. A steal costs thief and victim more time than the victim needs to run a few short processes. So a thief that
//      finds work in a queue naps (Z5) and looks again. After the nap it takes the work if the victim has begun no
//      slice meanwhile, or needs more than a millisecond for its queue at the pace of the nap, or if
//      `looksBeforeStealing` looks in a row have found work. For the victim that it has just stolen from, the time
//      since the steal counts as the nap; but at that first look it steals again only if the victim needs more than
//      four milliseconds (`napsWorthStealingAgain`).
//
// A thief takes urgent work at once, and the work of a scheduler that is stuck or runs no process at the moment. A
// spare scheduler, and one that is stepped by hand, never nap.

import CJoist
import Synchronization

extension Handle<Scheduler> {
  /// Takes a process from another scheduler; the rest of what it takes is queued here.
  func steal() -> ProcessHandle? {
    let count = it.runtime.it.schedulerCount
    guard count > 1 else { return nil }
    let start = Int(truncatingIfNeeded: nextRandom() >> 33) % count
    var sawWorkLeftAlone = false
    if let process = searchVictims(start, count, onOwnNode: true, &sawWorkLeftAlone) { return process }
    if it.runtime.it.nodeCount > 1, let process = searchVictims(start, count, onOwnNode: false, &sawWorkLeftAlone) {
      return process
    }
    if !sawWorkLeftAlone { it.victimWatch.end() }
    return nil
  }

  /// Takes a process from a scheduler of this NUMA node or, unless `onOwnNode`, of the other nodes (NU3).
  ///
  /// The search begins at the scheduler with index `start`. It sets `sawWorkLeftAlone` if a victim keeps its work for
  /// now.
  private func searchVictims(
    _ start: Int,
    _ count: Int,
    onOwnNode: Bool,
    _ sawWorkLeftAlone: inout Bool
  ) -> ProcessHandle? {
    for offset in 0..<count {
      let number = (start + offset) % count
      let victim = it.runtime.it.scheduler(number)
      guard number != it.index, (victim.it.node == it.node) == onOwnNode, victim.hasWorkAtAGuess else { continue }
      if mustNapFirst(victim) {
        sawWorkLeftAlone = true
      } else if let process = steal(from: victim, urgentOnly: false) {
        it.victimWatch.begin(number, slices: victim.sliceCount, now: it.clock.count, afterSteal: true)
        return process
      }
    }
    return nil
  }

  /// Returns whether this thief must nap before it steals from a victim (ST1).
  ///
  /// A thief watches one victim at a time: while that one has work, it leaves the work of the others alone, too.
  // Ordering: relaxed. A wrong guess costs one nap, or one steal that was not worth its time.
  private func mustNapFirst(_ victim: Handle<Scheduler>) -> Bool {
    guard it.hasRegularThread, victim.it.isInProcess.load(ordering: .relaxed),
      !victim.it.isStuck.load(ordering: .relaxed), !victim.it.queue.hasUrgentWorkAtAGuess
    else { return false }
    let (slices, now) = (victim.sliceCount, it.clock.count)
    if it.victimWatch.victim == victim.it.index {
      let length = victim.it.queue.approximateLength
      return !it.victimWatch.mayStealNow(slices: slices, length: length, now: now, nap: it.napTicks)
    }
    if let other = it.victimWatch.victim, it.runtime.it.scheduler(other).hasWorkAtAGuess { return true }
    it.victimWatch.begin(victim.it.index, slices: slices, now: now, afterSteal: false)
    return true
  }

  /// Takes up to half of a victim's most urgent level, or its remote list if its queue is empty (Q5).
  ///
  /// With `urgentOnly` it takes only processes that are queued at `.max` or `.high`.
  func steal(from victim: Handle<Scheduler>, urgentOnly: Bool) -> ProcessHandle? {
    it.counters.stealAttempts.add()
    var taken = ReadyList()
    // The lock costs a heavy fence.
    if !victim.it.queue.isEmptyAtAGuess {
      guard victim.it.queue.lock.tryEnter(it.runtime.it.platform) else { return nil }
      if let level = victim.it.queue.firstLevel, !urgentOnly || level >= .high {
        victim.takeFirst(min((victim.it.queue.length(level) + 1) / 2, Limits.stealBatch), into: &taken)
      }
      victim.it.queue.lock.leave()
    }
    if taken.count == 0 && !urgentOnly {
      var next = victim.it.remote.takeAll()
      while let process = next {
        next = process.it.next
        process.it.level = process.it.priority
        taken.append(process)
      }
    }
    guard let first = taken.removeFirst() else { return nil }
    it.counters.steals.add()
    it.counters.processesStolen.add(1 + taken.count)
    victim.it.processesLost.add(1 + taken.count)
    record(.stole, payload: UInt64(victim.it.index) << 32 | UInt64(1 + taken.count))
    enqueueTaken(&taken)
    return first
  }

  /// Takes at most `count` processes off this scheduler's most urgent level, without marking the level as served.
  ///
  /// The caller is a visitor and holds the queue's lock.
  func takeFirst(_ count: Int, into taken: inout ReadyList) {
    guard let level = it.queue.firstLevel else { return }
    let slice = it.queue.list(level).it.lastScheduled
    while taken.count < count, let process = it.queue.dequeue(level, slice: slice) { taken.append(process) }
    showUrgentWork()
  }

  /// Queues processes that were taken from another scheduler.
  func enqueueTaken(_ taken: inout ReadyList) {
    guard taken.count > 0 else { return }
    it.queue.lock.lock()
    while let process = taken.removeFirst() {
      // The process may have become more urgent since it was taken (PI5).
      it.queue.enqueue(process, at: max(process.it.level, process.it.priority), slice: sliceCount)
    }
    showUrgentWork()
    it.queue.lock.unlock()
    notify()
  }
}

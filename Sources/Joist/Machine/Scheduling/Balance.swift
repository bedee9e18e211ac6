// SPDX-License-Identifier: Apache-2.0
//
// Schedulers that have work share it evenly. Stealing serves schedulers without work. Without balancing, a scheduler
// that always has something to run would keep two processes forever while another keeps twenty.
//
// BA1. At each look at the clock a scheduler notes how many processes it has to run. The minimum over ten milliseconds
//      is its load. So only work that stays counts, not work that comes and goes between two looks, such as two
//      processes that talk to each other.
// BA2. Every ten milliseconds a scheduler that has a load compares it with the others' loads. It takes half of the
//      difference to the most loaded scheduler, at least one process. With 5 processes on 2 schedulers, the fifth
//      keeps moving, so that all five get equal shares.
//
// Between schedulers of equal load, one process moves at every fifth comparison: this exchanges processes between
// threads that the system runs for different times, so that the shares are equal over a second. Schedulers of the same
// NUMA node come first. From another node a scheduler takes work only at every fifth comparison and only if the
// difference is at least two (NU3). A scheduler without work steals instead (ST1). A spare scheduler does not balance,
// because it is about to retire.

import Synchronization

/// A scheduler's record of its own load (BA1).
struct Balance {
  /// The time on the cheap clock at which the current ten milliseconds began.
  fileprivate var began: UInt64 = 0
  /// The minimum number of processes to run at a look in this interval.
  fileprivate var minLength = Int.max
  /// The number of comparisons so far.
  fileprivate var rounds = 0
}

extension Handle<Scheduler> {
  /// Notes this scheduler's load, and takes work from a more loaded scheduler when a comparison is due.
  ///
  /// Must be called while no process runs here, so that the process that ran last is in the queue again and is counted.
  @inline(__always)
  func balance(_ now: UInt64) {
    it.balance.minLength = min(it.balance.minLength, it.queue.approximateLength)
    if now &- it.balance.began >= balanceTicks { compareLoads(now) }
  }

  /// The interval between two comparisons, in ticks of the cheap clock.
  private var balanceTicks: UInt64 {
    max(1, it.clock.perSecond / UInt64(1_000_000_000 / Limits.loadComparisonInterval))
  }

  // Ordering: relaxed; loads are guesses.
  @inline(never)
  private func compareLoads(_ now: UInt64) {
    // After a long sleep the noted minimum says nothing about the time before.
    let isCurrent = now &- it.balance.began < 10 * balanceTicks
    let own = it.balance.minLength
    it.balance.began = now
    it.balance.minLength = .max
    it.load.store(isCurrent ? own : 0, ordering: .relaxed)
    guard isCurrent, own > 0, !it.isSpare else { return }
    it.balance.rounds &+= 1
    let isFifth = it.balance.rounds % 5 == 0
    if takeShare(own, onOwnNode: true, minLoad: isFifth ? own : own + 1) { return }
    if isFifth && it.runtime.it.nodeCount > 1 { _ = takeShare(own, onOwnNode: false, minLoad: own + 2) }
  }

  /// Takes work from the most loaded scheduler, if its load is at least `minLoad` (BA2).
  ///
  /// That is a scheduler of this NUMA node or, unless `onOwnNode`, of the other nodes.
  /// The search begins at a random scheduler and takes the first of several with the same load.
  private func takeShare(_ own: Int, onOwnNode: Bool, minLoad: Int) -> Bool {
    let count = it.runtime.it.schedulerCount
    let start = Int(truncatingIfNeeded: nextRandom() >> 33) % count
    var (maxLoad, found): (Int, Handle<Scheduler>?) = (max(1, minLoad - 1), nil)
    for offset in 0..<count {
      let other = it.runtime.it.scheduler((start + offset) % count)
      guard other != self, (other.it.node == it.node) == onOwnNode else { continue }
      let load = other.approximateLoad
      if load > maxLoad { (maxLoad, found) = (load, other) }
    }
    guard let found else { return false }
    return take(max(1, (maxLoad - own) / 2), from: found)
  }

  /// The noted load, or the current one if that is lower.
  // Ordering: relaxed, as above.
  private var approximateLoad: Int { min(it.load.load(ordering: .relaxed), it.queue.approximateLength + 1) }

  /// Moves at most `count` processes of a victim's most urgent level to this scheduler; returns false if there are
  /// none.
  private func take(_ count: Int, from victim: Handle<Scheduler>) -> Bool {
    it.counters.stealAttempts.add()
    guard victim.it.queue.lock.tryEnter(it.runtime.it.platform) else { return false }
    var taken = ReadyList()
    victim.takeFirst(min(count, Limits.stealBatch), into: &taken)
    victim.it.queue.lock.leave()
    guard taken.count > 0 else { return false }
    it.counters.steals.add()
    it.counters.processesStolen.add(taken.count)
    victim.it.processesLost.add(taken.count)
    record(.stole, payload: UInt64(victim.it.index) << 32 | UInt64(taken.count))
    enqueueTaken(&taken)
    return true
  }
}

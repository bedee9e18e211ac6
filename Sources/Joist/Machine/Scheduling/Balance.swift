// SPDX-License-Identifier: Apache-2.0
//
// Schedulers that have work share it evenly. Stealing serves those that have none; without this, a scheduler that
// always has something to run would keep two processes forever while another keeps twenty.
// BA1. At each look at the clock a scheduler notes how many processes it has to run. The least of ten milliseconds is
//      its load: work that stays, and not what comes and goes between two looks, such as two processes that talk to
//      each other.
// BA2. Every ten milliseconds a scheduler that has a load compares it with the others' and takes half of what the most
//      loaded one has more, one process at least. So where one process too many cannot be divided, it changes places,
//      and nobody's share stays behind.
// BA3. Between equals one process moves every fifth time: threads that the system runs for different times exchange
//      their processes, and over a second the shares are alike.
// BA4. Schedulers of the own node come first. Of another node's work is taken what is more by two at least, every fifth
//      time (NU3).
// BA5. A scheduler without work steals by its own rules (ST1), and a spare one takes nothing this way: it is to retire.

import Synchronization

/// What a scheduler knows of its own load (BA1).
struct Balance {
  /// When the present ten milliseconds began, on the cheap clock.
  fileprivate var began: UInt64 = 0
  /// The least that there was to run at a look in them.
  fileprivate var least = Int.max
  /// How often it has compared.
  fileprivate var rounds = 0
}

extension Handle<Scheduler> {
  /// Notes its load, and takes from others what they have more when it is time for that.
  ///
  /// Called with nothing running here, so that what runs next is still counted.
  @inline(__always)
  func balance(_ now: UInt64) {
    it.balance.least = min(it.balance.least, it.queue.lengthAtAGuess)
    if now &- it.balance.began >= balanceCounts { compareLoads(now) }
  }

  /// Between two comparisons, in counts of the cheap clock.
  private var balanceCounts: UInt64 { max(1, it.clock.perSecond / UInt64(1_000_000_000 / Limits.loadsComparedEvery)) }

  // Ordering: relaxed; loads are guesses.
  @inline(never)
  private func compareLoads(_ now: UInt64) {
    // One that slept for long knows nothing of the time before.
    let isOfNow = now &- it.balance.began < 10 * balanceCounts
    let own = it.balance.least
    it.balance.began = now
    it.balance.least = .max
    it.load.store(isOfNow ? own : 0, ordering: .relaxed)
    guard isOfNow, own > 0, !it.isSpare else { return }  // BA5
    it.balance.rounds &+= 1
    let isFifth = it.balance.rounds % 5 == 0  // BA3
    if takeShare(own, near: true, least: isFifth ? own : own + 1) { return }
    if isFifth && it.runtime.it.nodeCount > 1 { _ = takeShare(own, near: false, least: own + 2) }
  }

  /// Takes from the most loaded scheduler, of its own node or of others, if its load is `least` or more (BA2, BA4).
  ///
  /// Looks from a random one on, and takes the first of equals.
  private func takeShare(_ own: Int, near: Bool, least: Int) -> Bool {
    let count = it.runtime.it.schedulerCount
    let start = Int(truncatingIfNeeded: nextRandom() >> 33) % count
    var (most, found): (Int, Handle<Scheduler>?) = (max(1, least - 1), nil)
    for offset in 0..<count {
      let other = it.runtime.it.scheduler((start + offset) % count)
      guard other != self, (other.it.node == it.node) == near else { continue }
      let load = other.loadAtAGuess
      if load > most { (most, found) = (load, other) }
    }
    guard let found else { return false }
    return take(max(1, (most - own) / 2), from: found)
  }

  /// Its load, or what it has now if that is less.
  // Ordering: as above.
  private var loadAtAGuess: Int { min(it.load.load(ordering: .relaxed), it.queue.lengthAtAGuess + 1) }

  /// Moves at most `count` processes of a victim's most urgent level to this scheduler; false when there are none.
  private func take(_ count: Int, from victim: Handle<Scheduler>) -> Bool {
    it.counters.stealAttempts.add()
    guard victim.it.queue.lock.tryEnter(it.runtime.it.platform) else { return false }
    var taken = ReadyList()
    victim.moveReady(min(count, Limits.stealBatch), to: &taken)
    victim.it.queue.lock.leave()
    guard taken.count > 0 else { return false }
    it.counters.steals.add()
    it.counters.processesStolen.add(taken.count)
    keep(&taken)
    return true
  }
}

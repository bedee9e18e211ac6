// SPDX-License-Identifier: Apache-2.0
//
// Stealing: a scheduler without work takes up to half of a victim's most urgent level, or its remote list (Q5). It
// looks at the victims from a random one on, at those of its own NUMA node first (NU3). It passes over a queue that
// another thief visits.
//
// ST1. A steal costs both sides more than running a few short processes. So a thief that finds work in a queue naps
//      (Z5) and looks again. It takes the work if the victim has run nothing meanwhile, or has more left than it would
//      run in a millisecond, or if there was work at each of `looksBeforeStealing` looks. For the victim that it stole
//      from last, the time since that steal counts as the nap, if much more is left.
//
// A thief takes urgent work at once, and the work of a scheduler that is stuck or runs no process at the moment.

import CJoist
import Synchronization

/// What a thief has seen at a victim (ST1).
struct Sighting {
  /// The index of the victim that the thief watches; nil if there is none.
  fileprivate(set) var victim: Int?
  /// The victim's slice count at the last look.
  private var slices: UInt32 = 0
  /// The time of the last look, on the cheap clock.
  private var time: UInt64 = 0
  /// The number of looks that found work; one less after a steal.
  private var looks = 0

  /// Begins to watch a victim, or begins anew.
  fileprivate mutating func note(_ victim: Handle<Scheduler>, _ now: UInt64, looks: Int) {
    self.victim = victim.it.index
    slices = victim.sliceCount
    time = now
    self.looks = looks
  }

  /// Returns whether to take work from a victim with `length` queued processes now (ST1); if not, notes this look.
  fileprivate mutating func isDue(_ victim: Handle<Scheduler>, _ length: Int, _ now: UInt64, nap: UInt64) -> Bool {
    let elapsed = Int(truncatingIfNeeded: now &- time)
    if elapsed < 0 {  // The cheap clock has gone back: the nap begins anew.
      note(victim, now, looks: looks)
      return false
    }
    let ran = Int(victim.sliceCount &- slices)
    guard elapsed >= Int(nap) else { return false }
    looks += 1
    if looks > 0 && ran == 0 || looks >= Limits.looksBeforeStealing { return true }
    let left = length.multipliedReportingOverflow(by: elapsed / max(1, ran)).partialValue
    if left > Int(nap) * (looks > 0 ? Limits.napsWorthStealing : Limits.napsWorthStealingAgain) { return true }
    note(victim, now, looks: looks)
    return false
  }
}

extension Handle<Scheduler> {
  /// Takes a process from another scheduler; the rest of what it takes is queued here.
  func steal() -> ProcessHandle? {
    let count = it.runtime.it.schedulerCount
    guard count > 1 else { return nil }
    let start = Int(truncatingIfNeeded: nextRandom() >> 33) % count
    var leavesWork = false
    if let process = steal(from: start, of: count, near: true, &leavesWork) { return process }
    if it.runtime.it.nodeCount > 1, let process = steal(from: start, of: count, near: false, &leavesWork) {
      return process
    }
    if !leavesWork { it.sighting.victim = nil }
    return nil
  }

  /// Takes a process from a scheduler of this NUMA node or, unless `near`, of another (NU3).
  private func steal(from start: Int, of count: Int, near: Bool, _ leavesWork: inout Bool) -> ProcessHandle? {
    for offset in 0..<count {
      let number = (start + offset) % count
      let victim = it.runtime.it.scheduler(number)
      guard number != it.index, (victim.it.node == it.node) == near, victim.hasWorkAtAGuess else { continue }
      if isLeftToItself(victim) {
        leavesWork = true
      } else if let process = steal(from: victim, urgentOnly: false) {
        it.sighting.note(victim, it.clock.count, looks: -1)
        return process
      }
    }
    return nil
  }

  /// Returns whether to leave a victim's work to the victim for now (ST1).
  ///
  /// Not when no other thread would run the work: a scheduler that is stepped by hand, or a spare one, takes what there
  /// is.
  // Ordering: relaxed, guesses: the thief looks again after a nap.
  private func isLeftToItself(_ victim: Handle<Scheduler>) -> Bool {
    guard it.handsOver, victim.it.isInProcess.load(ordering: .relaxed), !victim.it.isStuck.load(ordering: .relaxed),
      !victim.it.queue.hasUrgentWorkAtAGuess
    else { return false }
    let now = it.clock.count
    if it.sighting.victim == victim.it.index {
      return !it.sighting.isDue(victim, victim.it.queue.lengthAtAGuess, now, nap: it.napCounts)
    }
    if let other = it.sighting.victim, it.runtime.it.scheduler(other).hasWorkAtAGuess { return true }
    it.sighting.note(victim, now, looks: 0)
    return true
  }

  /// Takes up to half of a victim's most urgent level.
  func steal(from victim: Handle<Scheduler>, urgentOnly: Bool) -> ProcessHandle? {
    it.counters.stealAttempts.add()
    guard victim.it.queue.lock.tryEnter(it.runtime.it.platform) else { return nil }
    var taken = ReadyList()
    if let level = victim.it.queue.firstLevel, !urgentOnly || level >= .high {
      victim.moveReady(min((victim.it.queue.length(level) + 1) / 2, Limits.stealBatch), to: &taken)
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
    it.counters.steals.add()
    it.counters.processesStolen.add(1 + taken.count)
    enqueueTaken(&taken)
    return first
  }

  /// Takes at most `count` processes off this scheduler's most urgent level, without marking the level as served.
  ///
  /// The caller is a visitor and holds the queue's lock.
  func moveReady(_ count: Int, to taken: inout ReadyList) {
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

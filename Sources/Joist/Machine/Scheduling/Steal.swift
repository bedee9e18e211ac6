// SPDX-License-Identifier: Apache-2.0
//
// Taking work from others: up to half of a victim's most urgent level, its remote list included (Q5). Victims are
// looked at from a random one on, those of its own node first (NU3). A queue that another thief visits is passed over.
// ST1. A steal costs both sides more than it takes to run a few short processes. So a thief that finds work in a queue
//      naps (Z5) and looks again. It takes what is there when the victim has run nothing meanwhile, or has more left
//      than it would run in a millisecond, or when there has been work at each of so many looks. Where it has stolen
//      before and much more is left it need not nap.
// ST2. At once are taken urgent work and that of a scheduler that is stuck, or runs nothing just now.

import CJoist
import Synchronization

/// What a thief has seen at a victim (ST1).
struct Sighting {
  /// Whom it has in view; nil for nobody.
  fileprivate(set) var victim: Int?
  /// The victim's slice count at the last look.
  private var slices: UInt32 = 0
  /// When that was, on the cheap clock.
  private var time: UInt64 = 0
  /// How often there was work; one less after a steal.
  private var looks = 0

  /// From here on.
  fileprivate mutating func note(_ victim: Handle<Scheduler>, _ now: UInt64, looks: Int) {
    self.victim = victim.it.index
    slices = victim.sliceCount
    time = now
    self.looks = looks
  }

  /// Whether so much work is taken now (ST1); the next look is from here on then, if it is not.
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
  /// A process from some other scheduler; the rest of what was taken is queued here.
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

  /// Likewise, from one of its own node, or of another (NU3).
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

  /// Whether a thief waits a little (ST1, ST2).
  ///
  /// Not where nobody else will run it: a scheduler that is stepped by hand, or a spare one, takes what there is.
  // Ordering: relaxed, guesses: it looks again after a nap.
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
    keep(&taken)
    return first
  }

  /// Takes at most `count` processes off the most urgent level, as if they had never waited here; a visitor has the
  /// queue's lock.
  func moveReady(_ count: Int, to taken: inout ReadyList) {
    guard let level = it.queue.firstLevel else { return }
    let slice = it.queue.list(level).it.lastScheduled
    while taken.count < count, let process = it.queue.dequeue(level, slice: slice) { taken.append(process) }
    showUrgentWork()
  }

  /// Queues what was taken.
  func keep(_ taken: inout ReadyList) {
    guard taken.count > 0 else { return }
    it.queue.lock.lock()
    while let process = taken.removeFirst() {
      // It may have become more urgent on the way (PI5).
      it.queue.enqueue(process, at: max(process.it.level, process.it.priority), slice: sliceCount)
    }
    showUrgentWork()
    it.queue.lock.unlock()
    notify()
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// Which schedulers sleep, which search for work, and why no wake-up is lost.
//
// Z1. A scheduler that finds no work puts itself in `sleeping`, counts itself as asleep, passes a fence, looks at all
//     queues again, and only then sleeps. It is the heavy fence, which stops the processors of all threads, if another
//     scheduler is awake; else a full one, since every other thread passes full fences (Z2).
// Z2. A scheduler that makes a process ready queues it, passes the light fence, and only then reads `sleeping`. Any
//     other thread passes a full fence in place of the light one. So either this thread sees the sleeper, or the
//     sleeper sees the process.
// Z3. While a scheduler searches, no other is woken: `searching` counts the schedulers that were woken or are about to
//     sleep and have not found work. A searcher that finds work and is the only one left wakes another sleeper if it
//     sees more work. A searcher that gives up subtracts itself from `searching`, and only then follows Z1. So it sees
//     whatever was queued while it was counted.
// Z5. A searcher that for a while leaves queued work to its owner (ST1) naps: it is not in `sleeping` and stays
//     counted, so that no other scheduler is woken meanwhile. One napping thief is enough: another scheduler that would
//     nap goes to sleep if `searching` is not zero after it has put itself in `sleeping`.
//
// Z6. A thread that takes a scheduler out of `sleeping` has raised `awake` before. So `awake` is zero only while every
//     scheduler sleeps, and a scheduler that runs is counted. `isIdle`, the watchdog and Z1 rely on that.
// Z7. A thread that is no scheduler takes a sleeper before it queues a process, queues it there and wakes it. The
//     sleeper finds the process in its own list, and no other scheduler steals it. If there is no sleeper to take, the
//     thread queues the process at any scheduler and follows Z2.

import CJoist
import Synchronization

/// The idle schedulers of a runtime.
struct IdleSchedulers: ~Copyable {
  let sleeping = SchedulerSet()
  // Ordering: sequentially consistent. Thread A decrements `searching`, then reads `sleeping` (`wakeOne`); scheduler B
  // inserts itself in `sleeping`, then reads `searching` (`rest`). One sees the other (Z5). Scheduler A decrements
  // `searching`, then looks at the queues; thread B queues a process, then reads `searching`. One sees the other (Z3).
  let searching = Atomic<Int>(0)
  let awake = AwakeCount()
}

/// The number of schedulers that are awake, and in the upper half the number of wake-ups.
///
/// If two reads return the same word and its count is zero, no scheduler was awake between them, because each wake-up
/// changes the upper half (Z6).
// Ordering: sequentially consistent. A scheduler that wakes and then reads whether the watchdog rests pairs with the
// watchdog, which rests and then reads whether a scheduler is awake. Acquiring and releasing make a chain of all
// changes, so a thread that reads that no scheduler is awake sees what all of them did before they slept (ID2).
struct AwakeCount: ~Copyable {
  private let word = Atomic<UInt64>(0)

  /// The word, for comparisons.
  var ordered: UInt64 { word.load(ordering: .sequentiallyConsistent) }
  /// Whether no scheduler is awake.
  var isZero: Bool { AwakeCount.isZero(ordered) }

  static func isZero(_ word: UInt64) -> Bool { UInt32(truncatingIfNeeded: word) == 0 }

  func wake(_ count: Int = 1) {
    word.wrappingAdd(UInt64(count) | 1 << 32, ordering: .sequentiallyConsistent)
  }

  /// Counts one less; returns whether it was the last one.
  @discardableResult
  func sleep() -> Bool {
    AwakeCount.isZero(word.wrappingSubtract(1, ordering: .sequentiallyConsistent).newValue)
  }
}

extension RuntimeCore {
  /// Takes a sleeping scheduler out of the set, of the given NUMA node if there is one.
  fileprivate func popSleeper(near node: Int) -> Int? {
    if nodeCount > 1, let number = idle.sleeping.popLowest(in: schedulers(ofNode: node)) { return number }
    return idle.sleeping.popLowest()
  }
}

extension Handle<RuntimeCore> {
  /// Wakes a sleeping scheduler to look for work, unless one is looking already (Z2, Z3); for any thread.
  ///
  /// Prefers a scheduler of the given NUMA node (NU3).
  func notify(near node: Int) {
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    wakeOneIfAnySleeps(near: node)
  }

  /// Wakes a sleeping scheduler; the caller has passed a fence (Z2).
  // Ordering: relaxed behind the fence. On ARM64 an acquiring load would wait for the release of the queue's lock just
  // before.
  @inline(__always)
  fileprivate func wakeOneIfAnySleeps(near node: Int) {
    if !it.idle.sleeping.isEmptyAtAGuess { wakeOne(near: node) }
  }

  @inline(never)
  private func wakeOne(near node: Int) {
    if let sleeper = takeSleeper(near: node) { wake(sleeper) }
  }

  /// Takes a sleeping scheduler that the caller is to wake, and counts it as awake and searching.
  ///
  /// Returns nil if none sleeps, or if one searches for work already (Z3).
  // Ordering: as `searching` says.
  func takeSleeper(near node: Int) -> Handle<Scheduler>? {
    repeat {
      SchedulePoint.betweenSteps()
      guard it.idle.searching.load(ordering: .sequentiallyConsistent) == 0,
        it.idle.searching.compareExchange(expected: 0, desired: 1, ordering: .sequentiallyConsistent).exchanged
      else { return nil }
      it.idle.awake.wake()
      SchedulePoint.betweenSteps()
      if let number = it.popSleeper(near: node) { return it.scheduler(number) }
      if it.idle.awake.sleep() { it.quiescence.mayHaveCome(self) }
      SchedulePoint.betweenSteps()
      it.idle.searching.wrappingSubtract(1, ordering: .sequentiallyConsistent)
      // A scheduler that has put itself in meanwhile may have counted on this thread to search (Z5).
    } while !it.idle.sleeping.isEmpty
    return nil
  }

  /// Wakes a scheduler that `takeSleeper` has returned.
  func wake(_ sleeper: Handle<Scheduler>) {
    SchedulePoint.betweenSteps()
    sleeper.it.alarm.ring(it.platform)
    it.watchdog.schedulersWoke(it.platform)
  }
}

extension Handle<Scheduler> {
  /// Wakes a sleeping scheduler to look for work, of this scheduler's NUMA node if there is one.
  @inline(__always)
  func notify() {
    joist_light_fence()
    it.runtime.wakeOneIfAnySleeps(near: it.node)
  }

  /// Announces a process that was made ready and has not run here yet, because the process that made it ready goes on.
  @inline(__always)
  func notifyDeferred() {
    if !it.pendingWork.isEmpty { doPendingWork() }
  }

  @inline(never)
  private func doPendingWork() {
    if it.pendingWork.contains(.notice) {
      it.pendingWork.remove(.notice)
      notify()
    }
    if it.pendingWork.contains(.schedulePoint) { reachSchedulePoint() }
  }

  /// Passes a schedule point, where other simulated threads may run; the slice may be over then.
  @inline(never)
  func reachSchedulePoint() {
    if SchedulePoint.reach(.call), let process = it.running { process.it.reductionsLeft = 0 }
  }

  /// Looks for work a little longer, then sleeps until there is some, or until a deadline in the wheel passes.
  ///
  /// The wheel is read after the alarm (F2), because another thread may add a nearer deadline.
  func rest() {
    beginActivity(.spinning)
    if !it.isSearching {
      it.isSearching = true
      it.runtime.it.idle.searching.wrappingAdd(1, ordering: .sequentiallyConsistent)
    }
    let seen = it.alarm.seen
    let watchesVictim = it.victimWatch.victim != nil
    if watchesVictim {
      // Ordering: relaxed, a guess. The count includes this scheduler. If two schedulers nap at once, no rule breaks.
      if it.runtime.it.idle.searching.load(ordering: .relaxed) == 1 { return nap(seen) }
    } else {
      if seesWorkSoon() { return }
    }
    goToSleep()
    let anotherSearches = watchesVictim && it.runtime.it.idle.searching.load(ordering: .sequentiallyConsistent) > 0
    let maySleep = anotherSearches || !seesWork()
    if maySleep && !it.runtime.it.stopping.load(ordering: .relaxed) {
      it.runtime.it.quiescence.mayHaveCome(it.runtime)
      it.counters.sleeps.add()
      let reclaim = nextReclaim
      beginActivity(.sleeping)
      record(.scheduler, payload: RecordedActivity.slept.rawValue)
      it.runtime.it.platform.wait(on: it.alarm, while: seen, until: min(nextDue() ?? .max, reclaim ?? .max))
      record(.scheduler, payload: RecordedActivity.woke.rawValue)
      beginActivity(.spinning)
      wakeUp()
      if let reclaim, !it.isSearching, it.runtime.it.platform.now() >= reclaim { reclaimAll() }
    } else {
      wakeUp()
    }
  }

  /// Looks at the queues for a little longer; returns whether it saw work.
  ///
  /// How long depends on what came of it before, since the processor may be wanted by other threads meanwhile: half as
  /// long after each time that was in vain, and in full after success and at every sixteenth sleep. After the growing
  /// and shrinking poll of Linux's idle virtual machines (`haltpoll`).
  private func seesWorkSoon() -> Bool {
    // In a simulation no other thread runs during this loop, so a second look would find nothing new.
    if it.pendingWork.contains(.schedulePoint) { return false }
    let isProbe = it.counters.sleeps.total & 15 == 0
    for _ in 0..<(isProbe ? Limits.idleLooks : it.idleLooks) {
      if seesWork() {
        it.idleLooks = Limits.idleLooks
        return true
      }
      for _ in 0..<16 { joist_pause() }
    }
    it.idleLooks = max(Limits.fewestIdleLooks, it.idleLooks / 2)
    return false
  }

  /// Waits for a moment before it looks again at work that it has left to another scheduler (Z5).
  private func nap(_ seen: UInt32) {
    let platform = it.runtime.it.platform
    beginActivity(.sleeping)
    platform.wait(on: it.alarm, while: seen, until: min(nextDue() ?? .max, platform.now() + Limits.thiefNapNanoseconds))
    beginActivity(.spinning)
    it.nextClockLook = 0
  }

  /// Follows rule Z1 up to the second look at the queues.
  private func goToSleep() {
    stopSearching(found: false)
    it.runtime.it.idle.sleeping.insert(it.index)
    if it.runtime.it.idle.awake.sleep() {
      atomicMemoryFence(ordering: .sequentiallyConsistent)
    } else {
      it.runtime.it.platform.heavyFence()
    }
    SchedulePoint.betweenSteps()
  }

  /// Ends a sleep.
  ///
  /// If this scheduler is still in `sleeping`, it removes itself. Otherwise a thread woke it and already counted it
  /// (`takeSleeper`).
  private func wakeUp() {
    if it.runtime.it.idle.sleeping.remove(it.index) {
      it.runtime.it.idle.awake.wake()
      it.runtime.it.watchdog.schedulersWoke(it.runtime.it.platform)
    } else {
      it.isSearching = true
    }
    it.nextClockLook = 0
  }

  /// Leaves the searchers; the last one that found work wakes another scheduler, because there may be more work (Z3).
  ///
  /// If another scheduler queues a process at this moment and this scheduler does not see it, the process is left to
  /// the other scheduler, which is awake and takes it from its own queue.
  // Ordering: a thread that is not a scheduler's pushes to a remote list and then reads `searching`; this function
  // changes `searching` first and then reads the lists. The push, both accesses of `searching` and the fence are
  // sequentially consistent: so if that thread relies on this scheduler as a searcher, this scheduler sees what it
  // pushed. No other scheduler would run it while those that are awake have work of their own.
  func stopSearching(found: Bool) {
    guard it.isSearching else { return }
    it.isSearching = false
    SchedulePoint.betweenSteps()
    let before = it.runtime.it.idle.searching.wrappingSubtract(1, ordering: .sequentiallyConsistent).oldValue
    guard found && before == 1 else { return }
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    if seesWork() { notify() }
  }

  /// Returns whether any queue of the runtime has a process, at about this moment.
  func seesWork() -> Bool {
    for number in 0..<it.runtime.it.schedulerCount where it.runtime.it.scheduler(number).hasWorkAtAGuess { return true }
    return false
  }

  /// Whether a process is queued here, at about this moment.
  @inline(__always)
  var hasWorkAtAGuess: Bool { !it.queue.isEmptyAtAGuess || !it.remote.isEmptyAtAGuess }
}

// SPDX-License-Identifier: Apache-2.0
//
// Who sleeps, who looks for work, and why no wake-up is lost.
// Z1. A scheduler that finds nothing puts itself in `sleeping`, passes the heavy fence, looks at everything again, and
//     only then sleeps.
// Z2. Whoever makes a process ready queues it, passes the light fence, and only then looks at `sleeping`. So either it
//     sees the sleeper, or the sleeper sees the process.
// Z3. While somebody searches, nobody is woken: `searching` counts those who were woken or are about to sleep and have
//     not found work. The last who finds some wakes the next; one who gives up first leaves the count, then goes by
//     Z1, and so sees whatever was queued while it was counted.
// Z4. Whoever takes a number out of `sleeping` counts it as awake before it wakes it, so that `awake` is zero only
//     while every scheduler sleeps.
// Z5. A searcher that leaves work to its scheduler for a while (ST1) naps: it is not in `sleeping` and stays counted,
//     so that nobody is woken meanwhile. One is enough: another that would nap goes to sleep, if somebody searches
//     still when it has put itself in `sleeping`.

import CJoist
import Synchronization

/// The runtime's view of its idle schedulers.
struct IdleSchedulers: ~Copyable {
  let sleeping = SchedulerSet()
  // Ordering: sequentially consistent. Who leaves it and looks at `sleeping` pairs with who has put itself in there and
  // looks at this (Z5, `wakeOne` and `rest`); who leaves it and looks at queues, with who queues and looks at this
  // (Z3).
  let searching = Atomic<Int>(0)
  let awake = AwakeCount()
}

/// How many schedulers are awake, and in the upper half how often one woke: equal words with nobody awake say that
/// nobody was meanwhile either.
// Ordering: sequentially consistent. Waking, and looking then whether the monitor rests, pairs with the monitor's
// resting, and looking then whether anybody is awake. Acquiring and releasing make a chain of all changes, so that who
// reads that nobody is awake sees what all did before they slept (ID2).
struct AwakeCount: ~Copyable {
  private let word = Atomic<UInt64>(0)

  /// For comparing.
  var ordered: UInt64 { word.load(ordering: .sequentiallyConsistent) }
  /// Whether nobody is awake.
  var isZero: Bool { AwakeCount.isZero(ordered) }

  static func isZero(_ word: UInt64) -> Bool { UInt32(truncatingIfNeeded: word) == 0 }

  func wake(_ count: Int = 1) {
    word.wrappingAdd(UInt64(count) | 1 << 32, ordering: .sequentiallyConsistent)
  }

  func sleep() { word.wrappingSubtract(1, ordering: .sequentiallyConsistent) }
}

extension RuntimeCore {
  /// Takes a scheduler out of those that sleep, of that node if there is one.
  fileprivate func popSleeper(near node: Int) -> Int? {
    if nodeCount > 1, let number = idle.sleeping.popLowest(in: schedulers(ofNode: node)) { return number }
    return idle.sleeping.popLowest()
  }
}

extension Handle<RuntimeCore> {
  /// Wakes a sleeping scheduler to look for work, of that node if one sleeps there (NU3), unless one is looking already
  /// (Z2, Z3).
  // Ordering: relaxed behind the fence. Acquiring would have the load wait, on ARM64, for the release of the queue's
  // lock just before.
  @inline(__always)
  func notify(near node: Int) {
    joist_light_fence()
    if !it.idle.sleeping.isEmptyAtAGuess { wakeOne(near: node) }
  }

  // Ordering: here and below as `searching` says.
  @inline(never)
  private func wakeOne(near node: Int) {
    SchedulePoint.betweenSteps()
    guard it.idle.searching.load(ordering: .sequentiallyConsistent) == 0,
      it.idle.searching.compareExchange(expected: 0, desired: 1, ordering: .sequentiallyConsistent).exchanged
    else { return }
    guard let number = it.popSleeper(near: node) else {
      SchedulePoint.betweenSteps()
      it.idle.searching.wrappingSubtract(1, ordering: .sequentiallyConsistent)
      // Somebody who has put itself in meanwhile may have counted on this one to search (Z5).
      if !it.idle.sleeping.isEmpty { wakeOne(near: node) }
      return
    }
    // Z4: first counted, then woken.
    it.idle.awake.wake()
    SchedulePoint.betweenSteps()
    it.scheduler(number).it.alarm.signal(it.platform)
    it.monitor.schedulersWoke(it.platform)
  }
}

extension Handle<Scheduler> {
  /// As the runtime's; for the scheduler's own thread.
  @inline(__always)
  func notify() { it.runtime.notify(near: it.node) }

  /// Tells of a process that was made ready and has not run here yet: whoever made it ready goes on instead.
  @inline(__always)
  func signalDeferred() {
    if !it.pendingWork.isEmpty { settlePendingWork() }
  }

  @inline(never)
  private func settlePendingWork() {
    if it.pendingWork.contains(.notice) {
      it.pendingWork.remove(.notice)
      notify()
    }
    if it.pendingWork.contains(.place) { reachPlace() }
  }

  /// Others may go on here, where threads are simulated; the slice may be over then.
  @inline(never)
  func reachPlace() {
    if SchedulePoint.reach(.call), let process = it.running { process.it.reductionsLeft = 0 }
  }

  /// Looks for work a little longer, then sleeps until there is some, or until something is due.
  ///
  /// What is due is looked at after the alarm (F2): somebody else may put a nearer deadline into this wheel.
  func rest() {
    if !it.isSearching {
      it.isSearching = true
      it.runtime.it.idle.searching.wrappingAdd(1, ordering: .sequentiallyConsistent)
    }
    let seen = it.alarm.seen
    let leavesWork = it.sighting.victim != nil
    if leavesWork {
      // Ordering: relaxed, a guess: it counts this scheduler itself, and two that nap do no harm.
      if it.runtime.it.idle.searching.load(ordering: .relaxed) == 1 { return nap(seen) }
    } else {
      // A simulated thread that waits is in nobody's way, and nothing comes meanwhile.
      for _ in 0..<(it.pendingWork.contains(.place) ? 0 : Limits.idleLooks) {
        if seesWork() { return }
        for _ in 0..<16 { joist_pause() }
      }
    }
    goToSleep()
    let isLeft = leavesWork && it.runtime.it.idle.searching.load(ordering: .sequentiallyConsistent) > 0
    let maySleep = isLeft || !seesWork()
    if maySleep && !it.runtime.it.stopping.load(ordering: .relaxed) {
      it.runtime.it.idleness.mayHaveCome(it.runtime)
      it.counters.sleeps.add()
      let reclaim = nextReclaim
      it.runtime.it.platform.wait(on: it.alarm, while: seen, until: min(nextDue() ?? .max, reclaim ?? .max))
      wakeUp()
      if let reclaim, !it.isSearching, it.runtime.it.platform.now() >= reclaim { reclaimAll() }
    } else {
      wakeUp()
    }
  }

  /// Waits a little for work that is left to its scheduler (Z5).
  private func nap(_ seen: UInt32) {
    let platform = it.runtime.it.platform
    platform.wait(on: it.alarm, while: seen, until: min(nextDue() ?? .max, platform.now() + Limits.thiefsNap))
    it.nextClockLook = 0
  }

  /// Rule Z1, up to the second look.
  private func goToSleep() {
    stopSearching(found: false)
    it.runtime.it.idle.sleeping.insert(it.index)
    it.runtime.it.idle.awake.sleep()
    it.runtime.it.platform.heavyFence()
    SchedulePoint.betweenSteps()
  }

  /// Whoever woke this scheduler made it a searcher; if nobody did, it is awake by itself.
  private func wakeUp() {
    if it.runtime.it.idle.sleeping.remove(it.index) {
      it.runtime.it.idle.awake.wake()
      it.runtime.it.monitor.schedulersWoke(it.runtime.it.platform)
    } else {
      it.isSearching = true
    }
    it.nextClockLook = 0
  }

  /// Leaves the searchers; the last who found work wakes another, for there may be more (Z3).
  ///
  /// What a scheduler queues just now, and is not seen here, is that scheduler's next slice.
  // Ordering: a thread outside pushes to a remote list and looks at `searching` then; here it is the other way round.
  // Push, both accesses of `searching` and the fence are sequentially consistent: so if that thread counts on this
  // scheduler, what it pushed is seen here. Nobody else would run it while those who are awake have work of their own.
  func stopSearching(found: Bool) {
    guard it.isSearching else { return }
    it.isSearching = false
    SchedulePoint.betweenSteps()
    let before = it.runtime.it.idle.searching.wrappingSubtract(1, ordering: .sequentiallyConsistent).oldValue
    guard found && before == 1 else { return }
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    if seesWork() { notify() }
  }

  /// Whether any queue has something, at about this moment.
  func seesWork() -> Bool {
    for number in 0..<it.runtime.it.schedulerCount where it.runtime.it.scheduler(number).hasWorkAtAGuess { return true }
    return false
  }

  /// Whether something waits here to be run, at about this moment.
  @inline(__always)
  var hasWorkAtAGuess: Bool { !it.queue.isEmptyAtAGuess || !it.remote.isEmptyAtAGuess }
}

// SPDX-License-Identifier: Apache-2.0
//
// One step of a scheduler. `step()` wakes due processes, takes a process and runs one slice of it, and slices of the
// processes that it hands over to (HO3). A scheduler's thread calls it in a loop; a test may call it by hand.

import CJoist
import Synchronization

/// The result of a step.
package enum Step: Equatable {
  /// A slice was run.
  case ran
  /// There is nothing to do before that time, unless another thread brings work.
  case idle(until: Int64?)
  /// The runtime has stopped.
  case stopped
}

extension Handle<Scheduler> {
  /// Wakes processes whose deadlines have passed, if it is time to look at the clock, takes a process and runs it.
  ///
  /// The process comes from the scheduler's own queue, its remote list included, or from another scheduler.
  // Ordering: `stopping` is read relaxed; a stop that this step misses is seen at the next step.
  package func step() -> Step {
    if it.runtime.it.stopping.load(ordering: .relaxed) { return .stopped }
    if it.clockCredit <= 0 { readClock() }
    if it.lastClock >= it.nextClockLook { lookAtClock(it.lastClock) }
    if let process = it.handed.take() ?? takeOwn(from: .low) ?? look() {
      if it.time.activity != .running { beginActivity(.running) }
      if it.isSearching { stopSearching(found: true) }
      it.hasReclaimed = false
      it.pendingWork.remove(.notice)
      run(process)
      return .ran
    }
    it.clockCredit = 0
    it.hasRested = true
    return .idle(until: nextDue())
  }

  /// Looks for work in other schedulers' queues.
  private func look() -> ProcessHandle? {
    beginActivity(.stealing)
    return steal()
  }

  /// Reads the cheap clock, which takes longer than a switch.
  ///
  /// A cheap clock that has gone back, as when a virtual machine is moved, does not tell how much time has passed. The
  /// next step looks at the real clock then.
  @inline(never)
  func readClock() {
    let count = it.clock.count
    let hasGoneBack = count < it.lastClock
    if !hasGoneBack && !it.hasRested { chargeInterval(count &- it.lastClock) }
    it.hasRested = false
    giveCredit(at: count)
    it.lastClock = count
    it.ring.write(time: count)
    if hasGoneBack { it.nextClockLook = 0 }
  }

  /// Takes the most urgent process of this scheduler's queue, its remote list included, down to level `lowest`.
  ///
  /// If this queue has work but no urgent work, an urgent process of another scheduler goes first. If this queue is
  /// empty, the result is nil, and `step` steals.
  @inline(__always)
  func takeOwn(from lowest: Priority) -> ProcessHandle? {
    if !it.remote.isEmptyAtAGuess { queueRemote() }
    if it.queue.isEmptyAtAGuess { return nil }
    let slice = sliceCount
    it.queue.lock.lock()
    if slice & Limits.ageingMask == 0 {
      it.counters.agings.add(it.queue.age(slice: slice))
      showUrgentWork()
    }
    if !it.queue.hasUrgentWorkAtAGuess && !it.runtime.it.urgent.isEmptyAtAGuess, let other = takeUrgent() {
      return other
    }
    let process = it.queue.dequeueFirst(downTo: lowest, slice: slice)
    if it.showsUrgentWork { showUrgentWork() }
    it.queue.lock.unlock()
    return process
  }

  /// Takes an urgent process of the scheduler with the lowest index that has one, on whichever NUMA node that is.
  ///
  /// The caller holds this scheduler's queue lock, which is released if there is such a process.
  @inline(never)
  private func takeUrgent() -> ProcessHandle? {
    guard let victim = it.runtime.it.urgent.lowest(except: it.index) else { return nil }
    it.queue.lock.unlock()
    if let process = steal(from: it.runtime.it.scheduler(victim), urgentOnly: true) { return process }
    it.queue.lock.lock()
    return nil
  }

  /// Queues what other threads made ready (Q5).
  func queueRemote() {
    var next = it.remote.takeAll()
    guard next != nil else { return }
    it.queue.lock.lock()
    while let process = next {
      next = process.it.next
      it.queue.enqueue(process, at: process.it.priority, slice: sliceCount)
    }
    showUrgentWork()
    it.queue.lock.unlock()
  }

  /// The number of slices begun here, as ageing counts them.
  @inline(__always)
  var sliceCount: UInt32 { UInt32(truncatingIfNeeded: it.counters.slices.total) }

  /// Updates the runtime's set of schedulers with urgent work, which is written only when that changes.
  ///
  /// The caller holds the queue's lock.
  @inline(__always)
  func showUrgentWork() {
    let has = it.queue.hasUrgentWorkAtAGuess
    if has != it.showsUrgentWork {
      it.showsUrgentWork = has
      if has { it.runtime.it.urgent.insert(it.index) } else { it.runtime.it.urgent.remove(it.index) }
    }
  }
}

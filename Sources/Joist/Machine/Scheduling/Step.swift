// SPDX-License-Identifier: Apache-2.0
//
// One step of a scheduler: due timers, work, one slice. A thread is a loop around it; so is a simulator.

import CJoist
import Synchronization

/// What a step came to.
package enum Step: Equatable {
  /// A slice was run.
  case ran
  /// There is nothing to do before that time, or before somebody brings something.
  case idle(until: Int64?)
  /// The runtime is over.
  case stopped
}

extension Handle<Scheduler> {
  /// Takes due timers, takes work (own queues in order → remote wake-ups → others' queues), runs one slice.
  // Ordering: `stopping` is relaxed, for it is looked at again and again.
  package func step() -> Step {
    if it.runtime.it.stopping.load(ordering: .relaxed) { return .stopped }
    if it.clockCredit <= 0 { readClock() }
    if let process = it.handed.take() ?? takeOwn(from: .low) ?? steal() {
      if it.isSearching { stopSearching(found: true) }
      it.hasReclaimed = false
      it.pendingWork.remove(.notice)
      run(process)
      return .ran
    }
    it.clockCredit = 0
    return .idle(until: nextDue())
  }

  /// Reads the cheap clock, which costs more than a switch, and the real one when it is time for that.
  ///
  /// A cheap clock that has gone back, as when a virtual machine is moved, says nothing about the time that has passed:
  /// then the real one is looked at now.
  @inline(never)
  private func readClock() {
    let count = it.clock.count
    let hasGoneBack = count < it.lastClock
    it.clockCredit = Limits.clockReductions
    it.lastClock = count
    if count >= it.nextClockLook || hasGoneBack { lookAtClock(count) }
  }

  /// The most urgent process of the own queues, remote wake-ups included, of that level or a more urgent one.
  @inline(__always)
  func takeOwn(from least: Priority) -> ProcessHandle? {
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
    let process = it.queue.dequeueFirst(downTo: least, slice: slice)
    if it.showsUrgentWork { showUrgentWork() }
    it.queue.lock.unlock()
    return process
  }

  /// Urgent work of another scheduler.
  ///
  /// The caller holds the own queue's lock; it is let go if there is some.
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

  /// Slices begun here, as ageing counts them.
  @inline(__always)
  var sliceCount: UInt32 { UInt32(truncatingIfNeeded: it.counters.slices.total) }

  /// Keeps the runtime's set of schedulers with urgent work true: written only when a queue turns empty or not.
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

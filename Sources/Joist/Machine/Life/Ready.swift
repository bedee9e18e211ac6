// SPDX-License-Identifier: Apache-2.0
//
// Queueing a ready process: in the queue of the scheduler on this thread if there is one, otherwise in a remote list. A
// scheduler that may be asleep is then notified (Z2, Z7). An external thread that queues a process is a visitor
// meanwhile (J3).

import Synchronization

extension Handle<ProcessRecord> {
  /// Queues a process that is `.ready` (PS3).
  ///
  /// The caller has the process, and no longer has it afterwards. `scheduler` is the one on this thread, if it belongs
  /// to the process's runtime.
  @inline(__always)
  func makeReady(from scheduler: Handle<Scheduler>?) {
    if let scheduler { scheduler.enqueue(self) } else { makeReadyFromOutside() }
  }

  // Ordering: the push publishes the visit to the scheduler that runs the process, and so to the thread that joins that
  // scheduler. The releasing decrement pairs with the load in `end` of `RuntimeShutdown`, so this thread no longer
  // touches the core after the core ends (J3).
  @inline(never)
  private func makeReadyFromOutside() {
    let core = home
    core.it.visitors.wrappingAdd(1, ordering: .relaxed)
    let node = core.it.currentNode
    let sleeper = core.it.idle.sleeping.isEmptyAtAGuess ? nil : core.takeSleeper(near: node)
    // A spare scheduler may retire before it sees its list.
    let owner = sleeper.flatMap { $0.it.isSpare ? nil : $0 } ?? core.it.nextRegular(near: node)
    it.usage.noteReady(at: ProcessUsage.units(owner.it.clock.count))
    owner.it.remote.push(self)
    if let sleeper { core.wake(sleeper) } else { core.notify(near: node) }
    core.it.visitors.wrappingSubtract(1, ordering: .releasing)
  }
}

extension Handle<Scheduler> {
  /// Queues a ready process on this scheduler.
  ///
  /// The first process in an empty queue is left to this scheduler, unless the running process continues
  /// (`notifyDeferred`). A second one is offered to other schedulers at once.
  @inline(never)
  func enqueue(_ process: ProcessHandle) {
    process.it.usage.noteReady(at: it.lastUnits)
    guard it.queue.lock.tryLock() else { return enqueueSlowly(process) }
    // The priority is read under the lock (PI5).
    let priority = process.it.priority
    guard !priority.isUrgent else {
      it.queue.lock.unlock()
      return enqueueSlowly(process)
    }
    let isFirst = it.queue.isEmptyAtAGuess
    it.queue.enqueue(process, at: priority, slice: sliceCount)
    it.queue.lock.unlock()
    if isFirst { it.pendingWork.insert(.notice) } else { notify() }
  }

  @inline(never)
  private func enqueueSlowly(_ process: ProcessHandle) {
    it.queue.lock.lock()
    let isFirst = it.queue.isEmptyAtAGuess
    it.queue.enqueue(process, at: process.it.priority, slice: sliceCount)
    showUrgentWork()
    it.queue.lock.unlock()
    if isFirst { it.pendingWork.insert(.notice) } else { notify() }
  }
}

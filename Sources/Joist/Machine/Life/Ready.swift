// SPDX-License-Identifier: Apache-2.0
//
// A process goes into a queue: its own scheduler's if there is one on this thread, else a remote list; and somebody is
// told who may be asleep. Who brings it from a foreign thread is a visitor meanwhile (J3).

import Synchronization

extension Handle<ProcessRecord> {
  /// Queues a process that is `.ready` (A3).
  ///
  /// The caller has it, and has it no more afterwards. `scheduler` is the one whose thread this is, if it is of the
  /// process's runtime.
  @inline(__always)
  func makeReady(from scheduler: Handle<Scheduler>?) {
    if let scheduler { scheduler.enqueue(self) } else { makeReadyFromOutside() }
  }

  // Ordering: the push publishes that this thread visits to the scheduler that runs the process, and so to whoever
  // joins that. Releasing pairs with the look in `shutDown`: all that was done with the core comes before its end (J3).
  @inline(never)
  private func makeReadyFromOutside() {
    let core = home
    core.it.visitors.wrappingAdd(1, ordering: .relaxed)
    let node = core.it.currentNode
    core.it.nextRegular(near: node).it.remote.push(self)
    core.notify(near: node)
    core.it.visitors.wrappingSubtract(1, ordering: .releasing)
  }
}

extension Handle<Scheduler> {
  /// Queues a ready process here.
  ///
  /// The first one is left to this scheduler itself, unless the process that runs goes on (`signalDeferred`); a second
  /// one is offered to the others at once.
  @inline(never)
  func enqueue(_ process: ProcessHandle) {
    guard it.queue.lock.tryLock() else { return enqueueSlowly(process) }
    // Read under the lock (PI5).
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

// SPDX-License-Identifier: Apache-2.0
//
// Making a waiting process ready, because of a message, a timer or a signal. The thread that claimed it (E2) does that
// once.

import Synchronization

extension Handle<ProcessRecord> {
  /// Makes a process ready that the caller has just claimed.
  func wake(from scheduler: Handle<Scheduler>?) {
    it.transition(.wake)
    guard let scheduler, belongs(to: scheduler.it.runtime), scheduler.it.ring.isInBlock else {
      return wakeSlowly(from: scheduler)
    }
    scheduler.it.ring.writeInBlock(RecorderEntry(.ready, it.identity))
    scheduler.enqueue(self)
  }

  /// Does the same on a thread that has no scheduler of the process's runtime, or whose recorder begins a block.
  @inline(never)
  private func wakeSlowly(from scheduler: Handle<Scheduler>?) {
    let here = scheduler.flatMap { $0.it.runtime == home ? $0 : nil }
    here?.record(.ready, self)
    makeReady(from: here)
  }

  /// Tells the process that something it may wait for has happened: raises flags, then wakes it if it is parked (G2).
  func rouse(_ flags: Signals.Flags, from scheduler: Handle<Scheduler>?) {
    it.signals.raise(flags)
    if it.inbox.claim() { wake(from: scheduler) }
  }
}

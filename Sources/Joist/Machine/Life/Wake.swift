// SPDX-License-Identifier: Apache-2.0
//
// A waiting process is made ready: by a message, a timer, a signal. Whoever claimed it (E2) does that, once.

import Synchronization

extension Handle<ProcessRecord> {
  /// Makes a process ready that the caller has just claimed.
  func wake(from scheduler: Handle<Scheduler>?) {
    it.transition(.wake)
    makeReady(from: scheduler.flatMap { $0.it.runtime == home ? $0 : nil })
  }

  /// Something that it may wait for has happened: raises the flags, then wakes it if it is parked (G2).
  func rouse(_ flags: Signals.Flags, from scheduler: Handle<Scheduler>?) {
    it.signals.raise(flags)
    if it.inbox.claim() { wake(from: scheduler) }
  }
}

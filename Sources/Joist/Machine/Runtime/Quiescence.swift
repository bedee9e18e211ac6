// SPDX-License-Identifier: Apache-2.0
//
// When a runtime is idle, and waiting for that. A runtime is idle when no process is ready or running, no wake is
// undelivered, no `blocking` closure runs, and no process waits with a timeout or for a Swift task. Processes that
// receive without a timeout are idle. Only an external thread can start anything then.
// ID1. A thread that ends something that may have been the last counts it as ended, passes a full fence, and looks
//      whether any thread waits, and then at everything. A thread that waits counts itself, passes a full fence, and
//      looks at everything. So if two things end at the same moment, or one ends while a thread begins to wait, one of
//      the two sees the other.
// ID2. The counts are read one after the other. They describe one moment if no scheduler was awake before and none has
//      woken since: a thread that changes a count wakes a scheduler first, and what it publishes with the change shows
//      that.

import Synchronization

/// The threads that wait for the runtime to be idle.
struct Quiescence: ~Copyable {
  private let word = WaitWord()
  private let waiters = Atomic<Int>(0)

  /// Wakes the waiting threads if the runtime is idle now.
  ///
  /// Called when a scheduler is about to sleep or a `blocking` closure has ended, which may have been the last thing
  /// (ID1).
  func mayHaveCome(_ core: Handle<RuntimeCore>) {
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    if waiters.load(ordering: .relaxed) > 0 && core.isIdle { word.ring(core.it.platform, all: true) }
  }

  /// Wakes the waiting threads, because the runtime is over.
  func end(_ platform: any Platform) { word.ring(platform, all: true) }

  /// Waits until the runtime is idle or over; returns false if the deadline came first.
  func wait(_ core: Handle<RuntimeCore>, until deadline: Int64?) -> Bool {
    waiters.wrappingAdd(1, ordering: .relaxed)
    defer { waiters.wrappingSubtract(1, ordering: .relaxed) }
    atomicMemoryFence(ordering: .sequentiallyConsistent)  // ID1
    while true {
      let seen = word.seen
      if core.isIdleOrOver { return true }
      if let deadline, core.it.platform.now() >= deadline { return false }
      core.it.platform.wait(on: word, while: seen, until: deadline)
    }
  }
}

extension Handle<RuntimeCore> {
  /// Whether nothing can run without an event from outside.
  ///
  /// Exact if no external thread does anything just now (ID2).
  // Ordering: a thread that reads that no scheduler is awake sees what every scheduler did before it slept. The fence
  // keeps the second load behind those of the counts, which are relaxed.
  var isIdle: Bool {
    let before = it.idle.awake.ordered
    guard AwakeCount.isZero(before) && isQuiet else { return false }
    atomicMemoryFence(ordering: .acquiring)
    return it.idle.awake.ordered == before
  }

  /// Whether the runtime is idle, or over.
  var isIdleOrOver: Bool { isIdle || it.shutdown.isOver }

  /// Whether there is nothing to run, now or later, apart from what awake schedulers run.
  // Ordering: `isIdle` has the argument. What ends after its thread has woken a scheduler for it (a wait, `blocking`,
  // waiting for a slot) is counted by releasing stores or exchanges (ID2).
  var isQuiet: Bool {
    for number in 0..<it.schedulerCount where it.scheduler(number).hasWorkAtAGuess { return false }
    return it.sum { $0.timedWaits.total } + it.counters.timedWaits.total == 0 && it.blocking.inProgress == 0
      && it.counters.taskWaits.total == 0 && it.slots.waiting == 0
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// When a runtime is idle, and waiting for that.
// Idle is nothing ready or running, no undelivered wake, no `blocking`, no wait with an end. Receivers
// without a timeout are idle. Nothing but a thread outside can start anything then.
// ID1. Whoever ends something that may have been the last counts it as ended, passes a full fence, and looks whether
//      anybody waits, and then at everything. Who waits counts itself, passes a full fence, and looks at everything. So
//      if two things end at the same moment, or one ends while somebody begins to wait, one sees the other.
// ID2. Figures are read one after the other. They are of one moment if nobody was awake before and nobody has woken
//      since: whoever changes one wakes first, and what it publishes with the change shows that.

import Synchronization

/// Who waits for the runtime to be idle.
struct Quiescence: ~Copyable {
  private let word = WaitWord()
  private let waiters = Atomic<Int>(0)

  /// A scheduler is about to sleep, or `blocking` is over: if it was the last thing, somebody may want to know (ID1).
  func mayHaveCome(_ core: Handle<RuntimeCore>) {
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    if waiters.load(ordering: .relaxed) > 0 && core.isIdle { word.signal(core.it.platform, all: true) }
  }

  /// The runtime is over: nothing is left to wait for.
  func end(_ platform: any Platform) { word.signal(platform, all: true) }

  /// Waits until it is idle or over; false when that time came first.
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
  /// Whether nothing can run without something from outside.
  ///
  /// Exact when nobody outside does anything just now (ID2).
  // Ordering: who reads that nobody is awake sees what every scheduler did before it slept. The fence keeps the second
  // look behind the figures, which are relaxed.
  var isIdle: Bool {
    let before = it.idle.awake.ordered
    guard AwakeCount.isZero(before) && isQuiet else { return false }
    atomicMemoryFence(ordering: .acquiring)
    return it.idle.awake.ordered == before
  }

  /// Whether nothing can run any more, or nothing will.
  var isIdleOrOver: Bool { isIdle || it.ending.isOver }

  /// Whether there is nothing to run and nothing that will be, running schedulers apart.
  // Ordering: `isIdle` has the argument. What ends when somebody has woken for it (a wait, `blocking`, waiting for a
  // slot) is counted by releasing stores or exchanges (ID2).
  var isQuiet: Bool {
    for number in 0..<it.schedulerCount where it.scheduler(number).hasWorkAtAGuess { return false }
    return it.sum { $0.timedWaits.total } + it.counters.timedWaits.total == 0 && it.blocking.inProgress == 0
      && it.slots.waiting == 0
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// The counters of a runtime, as a program sees them.

import Synchronization

/// The counters of a runtime, summed over its schedulers.
///
/// They count from the start of the runtime. Each value was true at some moment of the call that read them. Reading
/// takes the lock of each run queue for a moment.
public struct RuntimeStatistics: Sendable, Hashable {
  /// Processes made, and processes ended; the difference is the number of live ones.
  public let processesCreated, processesEnded: Int
  /// Processes ended by abandoning them: they were killed and did not end by themselves, so their frames were left
  /// behind.
  public let processesAbandoned: Int
  /// Processes that ended, but not in an orderly way (``ExitReason/isOrderly``).
  public let abnormalExits: Int
  /// Abnormal exits that were caused by the end of a linked process.
  public let linkedExits: Int
  /// Crashes that ended only their process, without stack overflows.
  public let trapsContained: Int
  /// Those crashes by signal; zero if the runtime found the stack too full for one of its own calls.
  public let trapsBySignal: [Int32: Int]
  /// Stack overflows that ended only their process.
  public let overflowsContained: Int
  /// Messages sent by processes of this runtime, and by external threads to it.
  public let messagesSent: Int
  /// Messages that `receive` returned.
  public let messagesReceived: Int
  /// Messages destroyed unread, by `flush` or by the end of their process.
  public let messagesDestroyed: Int
  /// Messages sent to processes that had ended.
  public let messagesDropped: Int
  /// Messages that a full mailbox refused, or that were destroyed to make space for later ones.
  public let messagesRefused: Int
  /// Replies that came too late, or a second time.
  public let repliesDropped: Int
  /// Slices run, and reductions used in them.
  public let slices, reductions: Int
  /// Times that a process switched away to wait.
  public let parks: Int
  /// Attempts to take processes from other schedulers, successful ones, and processes taken.
  ///
  /// A scheduler does so when it has no work, and to balance its load with the others.
  public let stealAttempts, steals, processesStolen: Int
  /// Times that the frames of a process were saved to free its stack slot, and restored.
  public let framesSaved, framesRestored: Int
  /// Times that queued processes were moved up a level because of their age.
  public let agings: Int
  /// Times that a scheduler went to sleep.
  public let schedulerSleeps: Int
  /// Times that a spare scheduler stood in for a stuck one.
  public let spareStarts: Int
  /// Stack slots made so far, dedicated stacks apart, and the maximum number of slots.
  public let slotsMade, slotLimit: Int
  /// Bytes of saved frames in use now.
  public let savedFramesBytes: Int
  /// Restarts by supervisors.
  public let restarts: Int
  /// Restarts by the supervisor's registered name, or else by its name among the children of its own supervisor.
  ///
  /// Supervisors without a name count as `unnamed`. The first 99 names are told apart; others count as `other`.
  public let restartsBySupervisor: [String: Int]
  /// Collections of private heaps: young ones, and full ones.
  public let youngCollections, fullCollections: Int
  /// Bytes allocated on private heaps, counted at collections and ends, and bytes that collections kept and moved.
  public let heapBytesAllocated, heapBytesSurvived: Int
  /// Bytes of the blocks of private heaps now.
  public let heapBytes: Int
  /// The counters of each scheduler, spare ones last.
  public let schedulers: [SchedulerStatistics]
}

/// The counters of one scheduler.
public struct SchedulerStatistics: Sendable, Hashable {
  /// The number of the scheduler in its runtime.
  public let index: Int
  /// Whether it is a spare one, which stands in for stuck ones.
  public let isSpare: Bool
  /// The NUMA node whose cores its thread stays on; zero if there is only one.
  public let numaNode: Int
  /// Slices that it has run.
  public let slices: Int
  /// Whether it is stuck in a process that has held its thread for some milliseconds.
  public let isStuck: Bool
  /// The process that runs on it now, as the flight recorder shows it; nil if none does, or if the recorder is off.
  public let running: ProcessID?
  /// Processes that it has taken from other schedulers, and that others have taken from it.
  public let migrationsIn, migrationsOut: Int
  /// Attempts to take processes from other schedulers, and those that brought some.
  public let stealAttempts, steals: Int
  /// The time that its thread has spent so far, by what it did.
  ///
  /// Switches between processes count as running.
  public let time: [SchedulerActivity: Duration]

  /// The part of its time so far in which it did not spin or sleep, from 0 to 1.
  public var utilization: Double {
    // Order: a sum is the same in any order.
    let total = time.values.reduce(Duration.zero, +)
    let idle = (time[.sleeping] ?? .zero) + (time[.spinning] ?? .zero)
    return total > .zero ? 1 - idle / total : 0
  }

  /// The counters of the four lists of its run queue, from `.max` to `.low`.
  public let queues: [QueueStatistics]
}

/// The counters of one list of a run queue.
public struct QueueStatistics: Sendable, Hashable {
  /// The priority whose list it is.
  public let priority: Priority
  /// Processes in the list now.
  public let length: Int
  /// Reductions used by processes taken from the list.
  public let totalReductions: Int
  /// The scheduler's slice count when a process was last taken from the list.
  public let lastScheduled: Int
}

extension Handle<RuntimeCore> {
  var statistics: RuntimeStatistics {
    RuntimeStatistics(
      processesCreated: it.sum { $0.processesCreated.total } + it.counters.processesCreated.total,
      processesEnded: it.sum { $0.processesEnded.total },
      processesAbandoned: it.counters.processesAbandoned.total,
      abnormalExits: it.counters.abnormalExits.total,
      linkedExits: it.counters.linkedExits.total,
      trapsContained: it.counters.trapsContained.total,
      trapsBySignal: it.counters.trapsBySignal,
      overflowsContained: it.counters.overflowsContained.total,
      messagesSent: it.sum { $0.messagesSent.total } + it.counters.messagesSent.total,
      messagesReceived: it.sum { $0.messagesReceived.total },
      messagesDestroyed: it.sum { $0.messagesDestroyed.total },
      messagesDropped: it.counters.messagesDropped.total,
      messagesRefused: it.counters.messagesRefused.total,
      repliesDropped: it.counters.repliesDropped.total,
      slices: it.sum { $0.slices.total },
      reductions: (0..<it.schedulerCount).reduce(0) { $0 + it.scheduler($1).it.queue.totalReductions },
      parks: it.sum { $0.parks.total },
      stealAttempts: it.sum { $0.stealAttempts.total },
      steals: it.sum { $0.steals.total },
      processesStolen: it.sum { $0.processesStolen.total },
      framesSaved: it.sum { $0.framesSaved.total },
      framesRestored: it.sum { $0.framesRestored.total },
      agings: it.sum { $0.agings.total },
      schedulerSleeps: it.sum { $0.sleeps.total },
      spareStarts: it.counters.spareStarts.total,
      slotsMade: it.slots.lock.withLock { it.slots.made },
      slotLimit: it.slots.limit,
      savedFramesBytes: it.sum { $0.savedFramesBytes.total },
      restarts: it.counters.restarts.total,
      restartsBySupervisor: it.restarts.byName,
      youngCollections: it.sum { $0.youngCollections.total },
      fullCollections: it.sum { $0.fullCollections.total },
      heapBytesAllocated: it.sum { $0.heapBytesAllocated.total },
      heapBytesSurvived: it.sum { $0.heapBytesSurvived.total },
      heapBytes: it.sum { $0.heapBytes.total },
      schedulers: (0..<it.schedulerCount).map { it.scheduler($0).statistics }
    )
  }
}

extension Handle<Scheduler> {
  private var timeByActivity: [SchedulerActivity: Duration] {
    let ticks = it.time.ticks(it.clock)
    let pairs = SchedulerActivity.allCases.map { activity in
      (activity, Duration.nanoseconds(it.clock.nanoseconds(UInt64(ticks[activity.rawValue]))))
    }
    return Dictionary(uniqueKeysWithValues: pairs)
  }

  // Ordering: relaxed, statistics.
  fileprivate var statistics: SchedulerStatistics {
    var queues = Priority.allCases.map {
      QueueStatistics(priority: $0, length: 0, totalReductions: 0, lastScheduled: 0)
    }
    // Nothing is allocated under the lock.
    it.queue.lock.enter(it.runtime.it.platform)
    for index in queues.indices {
      let list = it.queue.list(queues[index].priority)
      queues[index] = QueueStatistics(
        priority: queues[index].priority,
        length: list.it.count,
        totalReductions: list.it.totalReductions.total,
        lastScheduled: Int(list.it.lastScheduled)
      )
    }
    it.queue.lock.leave()
    return SchedulerStatistics(
      index: it.index,
      isSpare: it.isSpare,
      numaNode: it.node,
      slices: it.counters.slices.total,
      isStuck: it.isStuck.load(ordering: .relaxed),
      running: it.isInProcess.load(ordering: .relaxed) ? it.ring.running : nil,
      migrationsIn: it.counters.processesStolen.total,
      migrationsOut: it.processesLost.total,
      stealAttempts: it.counters.stealAttempts.total,
      steals: it.counters.steals.total,
      time: timeByActivity,
      queues: queues
    )
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// What a runtime counts.

/// Figures of a runtime, summed over its schedulers.
///
/// Each was true at some moment of the call.
public struct RuntimeStatistics: Sendable, Hashable {
  /// Processes made, and ended: the difference lives.
  public let processesCreated, processesEnded: Int
  /// Of those ended, killed ones that did not end by themselves and whose frames were left behind.
  public let processesAbandoned: Int
  /// Of those ended, the ones with another reason than `.normal` and `.shutdown`.
  public let abnormalExits: Int
  /// Of those, the ones that ended because a process that they were linked to had ended.
  public let linkedExits: Int
  /// Crashes that ended their process and nothing else, stack overflows apart.
  public let trapsContained: Int
  /// Stack overflows that ended their process and nothing else.
  public let overflowsContained: Int
  /// Messages sent by processes of this runtime and by foreign threads to it.
  public let messagesSent: Int
  /// Messages that a `receive` returned.
  public let messagesReceived: Int
  /// Messages destroyed unread: by `flush`, and when their process ended.
  public let messagesDestroyed: Int
  /// Messages to processes that had ended.
  public let messagesDropped: Int
  /// Messages that a full mailbox did not take, or threw away for later ones.
  public let messagesRefused: Int
  /// Replies that came too late, or a second time.
  public let repliesDropped: Int
  /// Slices run, and reductions used in them.
  public let slices, reductions: Int
  /// Times that a process came back to wait.
  public let parks: Int
  /// Looks at other schedulers' queues, those that brought something, and processes taken.
  public let stealAttempts, steals, processesStolen: Int
  /// Frames copied to images, and back.
  public let framesSaved, framesRestored: Int
  /// Times that waiting processes were moved up a level.
  public let agings: Int
  /// Times that a scheduler went to sleep.
  public let schedulerSleeps: Int
  /// Times that a spare scheduler stood in for a stuck one.
  public let spareStarts: Int
  /// Stacks made so far, dedicated ones apart, and how many there can be.
  public let slotsMade, slotLimit: Int
  /// Bytes of images in use.
  public let savedFramesBytes: Int
  /// Collections of private heaps: of what is young, and of everything.
  public let youngCollections, fullCollections: Int
  /// Bytes allocated on private heaps, counted at collections and ends, and bytes that a collection kept and moved.
  public let heapBytesAllocated, heapBytesSurvived: Int
  /// Bytes of blocks that private heaps have now.
  public let heapBytes: Int
  /// Each scheduler's, spare ones last.
  public let schedulers: [SchedulerStatistics]
}

/// Figures of one scheduler.
public struct SchedulerStatistics: Sendable, Hashable {
  /// Its number.
  public let index: Int
  /// Whether it stands in for others that are stuck.
  public let isSpare: Bool
  /// The NUMA node whose processors its thread stays on; zero where there is one.
  public let numaNode: Int
  /// Processes it ran, a slice at a time.
  public let slices: Int
  /// Its four queues, from `.max` to `.low`.
  public let queues: [QueueStatistics]
}

/// Figures of one queue.
public struct QueueStatistics: Sendable, Hashable {
  /// Which.
  public let priority: Priority
  /// Processes that wait in it.
  public let length: Int
  /// Reductions that processes taken from it have used.
  public let totalReductions: Int
  /// The scheduler's slice count when it was last taken from.
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
  fileprivate var statistics: SchedulerStatistics {
    it.queue.lock.enter(it.runtime.it.platform)
    defer { it.queue.lock.leave() }
    return SchedulerStatistics(
      index: it.index,
      isSpare: it.isSpare,
      numaNode: it.node,
      slices: it.counters.slices.total,
      queues: Priority.allCases.map { level in
        QueueStatistics(
          priority: level,
          length: it.queue.list(level).it.count,
          totalReductions: it.queue.list(level).it.totalReductions.total,
          lastScheduled: Int(it.queue.list(level).it.lastScheduled)
        )
      }
    )
  }
}

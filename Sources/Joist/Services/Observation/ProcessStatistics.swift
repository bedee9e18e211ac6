// SPDX-License-Identifier: Apache-2.0
//
// The statistics of one process, read from its record without a lock and without stopping the process. A list of all
// processes consists of these.

import CJoist
import Synchronization

/// What a process has used and done so far, and what it does now.
///
/// Each value was true at some moment of the call that read it. Reading costs three cache lines of the process's
/// record, takes no lock, allocates nothing and stops no process.
public struct ProcessStatistics: Sendable, Hashable {
  /// The identity of the process.
  public let id: ProcessID
  /// The state; `.suspended` hides the state in which the process was suspended.
  public let state: ProcessState
  /// The priority at which the process runs: its own, or a higher one that is lent to it.
  public let priority: Priority
  /// Why the process waits; nil if it does not.
  public let waitReason: WaitReason?
  /// How long the process has waited; nil if it does not wait.
  public var waitingFor: Duration? { waitReason == nil ? nil : .nanoseconds(waitingNanoseconds) }
  /// The processor time that the process has used.
  ///
  /// It is computed from the reductions of its slices and what a reduction has lately cost on the scheduler, so no
  /// clock is read at a switch. A slice of more than two milliseconds is measured. Shorter ones that use much more time
  /// than reductions are charged by sampling, which is right on average.
  public var cpuTime: Duration { .nanoseconds(cpuNanoseconds) }
  /// The time that the process was ready and waited for a scheduler, to half a microsecond.
  public var queuedTime: Duration { .nanoseconds(queuedNanoseconds) }
  /// Slices that the process has run, and waits that it has begun, for whatever reason.
  public let slices, waits: Int
  /// Messages that `receive` has returned, and messages that the process has sent.
  public let messagesReceived, messagesSent: Int
  /// The number of unreceived messages now, and the largest number that the process has found when it looked.
  public let mailboxLength, longestMailbox: Int
  /// The process that spawned it; nil if a thread did.
  public var parent: ProcessID? { parentBits == 0 ? nil : ProcessID(bits: parentBits) }

  // Words instead of durations and optionals, so that a list of all processes moves few bytes.
  private let cpuNanoseconds, queuedNanoseconds, waitingNanoseconds: Int64
  private let parentBits: UInt64

  /// Reads the statistics of a process; returns nil if it has ended.
  ///
  /// `now` is a reading of the cheap clock.
  // Ordering: the values are read relaxed. The fence keeps the second look at the generation behind them: if it is
  // still the same, they were those of that process.
  init?(_ record: ProcessHandle, _ generation: UInt32, _ clock: TickClock, now: UInt64) {
    guard let parent = record.it.usage.parentIfBegun else { return nil }
    let state = record.it.state
    let signals = record.it.signals.relaxed
    let note = WaitNote(bits: record.it.wait.load(ordering: .relaxed))
    priority = record.it.priority
    cpuNanoseconds = clock.nanoseconds(UInt64(max(0, record.it.usage.cpu.total)))
    queuedNanoseconds = clock.nanoseconds(
      UInt64(max(0, record.it.usage.queued.total)) << UInt64(ProcessUsage.queuedUnitShift)
    )
    slices = record.it.usage.slices.total
    waits = record.it.usage.waits.total
    messagesReceived = record.it.usage.received.total
    messagesSent = record.it.usage.sent.total
    mailboxLength = record.mailboxLengthAtAGuess
    longestMailbox = max(mailboxLength, Int(record.it.usage.longestMailbox.load(ordering: .relaxed)))
    parentBits = parent
    atomicMemoryFence(ordering: .acquiring)
    guard record.it.generation.load(ordering: .relaxed) == generation, state != .terminated, state != .created else {
      return nil
    }
    id = ProcessID(slot: record.home.it.table.index(of: record), generation: generation)
    self.state = signals.suspends > 0 ? .suspended : state
    let waits = state == .waiting ? note.reason : nil
    waitReason = waits
    waitingNanoseconds = waits != nil && now > note.since ? clock.nanoseconds(now - note.since) : 0
  }
}

/// The statistics of all processes of a runtime, read one by one while it is iterated.
///
/// It is a type of its own because a chain of lazy sequences allocates for each element.
public struct ProcessStatisticsList: Sequence, IteratorProtocol {
  private let runtime: ProcessRuntime
  private let clock: TickClock
  private let now: UInt64
  /// The number of the next record to look at.
  private var nextNumber = 0

  fileprivate init(_ runtime: ProcessRuntime) {
    self.runtime = runtime
    clock = runtime.core.it.platform.ticks
    now = clock.count
  }

  // Ordering: acquiring pairs with the store that published the record (R8).
  /// Returns the statistics of the next live process; nil behind the last one.
  public mutating func next() -> ProcessStatistics? {
    while nextNumber < runtime.core.it.table.usedCount {
      let record = runtime.core.it.table[nextNumber]
      nextNumber += 1
      let generation = record.it.generation.load(ordering: .acquiring)
      if generation != 0, let process = ProcessStatistics(record, generation, clock, now: now) { return process }
    }
    return nil
  }
}

extension ProcessRuntime {
  /// The statistics of all processes, read one by one while the sequence is iterated.
  ///
  /// Processes that start or end meanwhile may be in it or not. Iterating allocates nothing, and stops no process; a
  /// hundred thousand processes take some milliseconds.
  public var processStatistics: ProcessStatisticsList { ProcessStatisticsList(self) }
}

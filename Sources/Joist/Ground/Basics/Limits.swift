// SPDX-License-Identifier: Apache-2.0
//
// Every limit and constant of the runtime, each with its reason. `Configuration` holds what the user may set; the valid
// ranges of those settings are here. Plain `Int64` durations are in nanoseconds.

/// The limits, batch sizes, intervals and defaults of the runtime.
package enum Limits {
  // MARK: Priorities

  /// The maximum number of processes of one level that the search for a process to move up examines: a few hundred
  /// microseconds of work.
  static let moveUpSearchLimit = 4_096

  // MARK: Processes

  /// The number of slots in the table: 27 bits of a `ProcessID`, which leaves five for a node and 32 for the
  /// generation.
  package static let maxProcesses = 1 << 27
  /// The number of free records that one scheduler caches, so that spawn and exit take no lock.
  package static let recordsCached = 128
  /// The process limit below which schedulers cache no records, so that a small limit can be reached to the last
  /// process.
  package static let processLimitThatMustBeExact = 1 << 16

  // MARK: Schedulers

  /// The maximum number of scheduler threads, spare ones included: the bits of a four-word set.
  package static let maxThreads = 256
  /// The maximum number of schedulers that a user may ask for; the remaining threads are for spare schedulers.
  package static let maxSchedulers = 192
  package static let maxReductions = 1_000_000_000
  /// The mask, a power of two less one, for the slices at which ageing runs; each run examines the heads of two queues.
  package static let ageingMask: UInt32 = 15
  /// The maximum number of processes that move up at a time, so that a crowd of aged processes does not delay a slice.
  package static let agingBatch = 16
  /// The maximum number of processes that a thief takes at once; a larger batch would not make the work end sooner.
  package static let stealBatch = 128
  /// The length of a thief's nap (ST1); a steal costs a tenth of that.
  package static let thiefNapNanoseconds: Int64 = 100_000
  /// The number of nap lengths above which a steal is worthwhile: the victim would need more of them for its queue.
  ///
  /// The second number applies to the first look at a victim after a steal from it.
  package static let napsWorthStealing = 10
  package static let napsWorthStealingAgain = 40
  /// The number of looks in a row that find work in a queue, after which a thief takes it in any case.
  ///
  /// 32 naps are three milliseconds.
  package static let looksBeforeStealing = 32
  /// The interval between two comparisons of a scheduler's load with the others' (BA2).
  ///
  /// A hundred exchanges per second even out the shares, and each takes one or two microseconds.
  package static let loadComparisonInterval: Int64 = 10_000_000
  /// The largest and the smallest number of looks for work, with a pause between them, before a scheduler sleeps: about
  /// ten microseconds and one.
  package static let idleLooks = 30
  package static let fewestIdleLooks = 4
  /// The number of spins on a lock before the waiter yields its processor, because the lock's holder was probably
  /// descheduled.
  package static let spinsBeforeRelinquish = 200
  /// The number of reductions between two readings of the cheap clock; one reading takes as long as ten reductions.
  package static let clockReductions = 1_000
  /// The minimum number of reductions that a slice counts for, so that the clock is read at least every
  /// seventeenth slice, however short the slices are.
  package static let clockReductionsOfASlice = 64
  /// The microseconds between two looks at the clock while there is work.
  package static let clockLookMicroseconds: UInt64 = 50

  // MARK: Recorder and statistics

  /// The maximum number of entries in a ring of the flight recorder: 8 MiB.
  package static let maxRecorderEntries = 1 << 20
  /// The maximum number of a process's entries that its trap has, and of entries that are searched for them: some
  /// microseconds of the trap's time.
  static let trapEntries = 256
  static let trapEntriesScanned = 4_096
  /// The time between two copies of the rings while a recording is made: a full ring lasts about ten times as long at
  /// the highest rate.
  static let tapeInterval: Int64 = 500_000
  /// The time in which a signal of the sampler that was sent is handled, in any case.
  static let lateSignal: Int64 = 50_000_000
  /// The mask, a power of two less one, for the messages that histograms sample.
  static let sampleMask = 15
  /// The mask, a power of two less one, for the spawns whose time is measured; a measurement takes two clock readings.
  static let creationSampleMask = 63
  /// The number of clock readings between two slices whose lengths are measured exactly.
  static let readingsBeforeTimedSlice = 64
  /// The excess of an interval between two clock readings from which it counts as long, in microseconds.
  static let longMicroseconds: UInt64 = 50

  // MARK: Alarms

  /// The time between two looks at the figures of alarms, and the number of processes that each looks at: a tenth of a
  /// millisecond of work.
  static let alarmInterval: Int64 = 100_000_000
  static let alarmBatch = 4_096
  /// The number of seconds that are remembered, of subjects whose last alarm is remembered, and of events that an alarm
  /// has.
  static let alarmHistory = 60
  static let alarmSubjects = 10_000
  /// The names of supervisors whose restarts are counted apart.
  static let countedSupervisors = 99
  static let alarmEvents = 64
  /// The number of bytes that malloc must be able to provide at once; otherwise an alarm has no events.
  ///
  /// The events take a few megabytes for some milliseconds, in which processes may use up much of the rest.
  static let alarmEventsBytes = 32 << 20
  /// The memory of the program below which its growth raises no alarm.
  static let growingMemoryFrom = 64 << 20

  // MARK: The watchdog

  /// The interval between two rounds of the watchdog while a process runs.
  package static let watchdogInterval: Int64 = 2_000_000
  /// The time in one slice after which a scheduler counts as stuck.
  package static let stuckAfter: Int64 = 5_000_000
  /// The part of `stuckAfter` that the scheduler's thread must have run for, unless it is blocked in the system (X7).
  ///
  /// The watchdog first asks about the thread one round after it first saw the slice.
  package static let stuckWhenBusyFor: Int64 = stuckAfter - watchdogInterval
  /// The time during which no spare scheduler is requested after the system refused a thread for one.
  package static let threadPause: Int64 = 1_000_000_000
  /// The delay from which a round says nothing about the schedulers, because the whole program was held up.
  package static let watchdogDelayLimit: Int64 = 20_000_000
  /// The number of rounds between two checks that crashes are still contained.
  package static let handlerLookRounds = 250
  /// The number of rounds between two readings of the program's memory, each of which reads a file.
  ///
  /// In between, a program grows by at most about 32 MiB.
  package static let memoryLookRounds = 16
  /// The number of rounds without a running process after which the watchdog sleeps until it is woken.
  package static let watchdogIdleRounds = 50
  /// The time for which the watchdog rests at most while a closure of `blocking` runs.
  static let watchdogNap: Int64 = 1_000_000_000

  /// The time that killed processes get to reach a suspension point before they count as survivors.
  package static let killGrace = Duration.milliseconds(200)

  // MARK: Stacks

  package static let maxSlots = 1 << 20
  /// The minimum size of a stack slot: Swift's first `print` needs about 20 KiB, formatting in Foundation 40.
  package static let minSlotBytes = 64 << 10
  package static let maxSlotBytes = 64 << 20
  /// The maximum size of a dedicated stack.
  package static let maxDedicatedBytes = 1 << 30
  /// The size of the guard below every stack, larger than any frame, because Swift lowers the stack pointer by a whole
  /// frame without probing.
  ///
  /// Five sevenths of it are for a library function to finish on (`reserve.c`); each part is a whole number of pages on
  /// any machine. A guard plus a stack of the default size is not a power of two, so the page tables of several stacks
  /// do not share cache sets.
  package static let guardBytes = 448 << 10
  /// The number of slots that a scheduler examines at each look at the clock: forty thousand per second (U7).
  package static let reclaimBatch = 2
  /// The sleep after which a scheduler reclaims all slots: slightly longer than a process must have waited.
  package static let sleepBeforeReclaim: Int64 = 1_200_000_000
  /// The maximum number of stacks that give back the pages below their frames at a time (U10), once a second.
  package static let shrinkBatch = 256
  /// The number of slots that keep their pages, 8 MiB in all, when there are more than `manyProcessesFactor` times as
  /// many processes as slots (U7).
  package static let slotsForManyProcesses = 2_048
  package static let manyProcessesFactor = 4
  /// The number of bytes that code may use below the stack pointer, on any machine.
  package static let belowFrames = 256
  /// The stack space that a call of the runtime requires, for itself and for the parts of Swift's runtime that it calls
  /// (FA3).
  package static let stackForACall = 16 << 10
  /// The number of bytes that malloc must be able to provide at once; otherwise the watchdog skips a round.
  static let watchdogRoundBytes = 16 << 10
  /// The number of bytes that malloc must be able to provide at once; otherwise only the fact of a crash is told.
  static let trapBytes = 16 << 10
  /// The number of notices that processes which end without memory may have in flight at the same time, and the size of
  /// each.
  static let reservedNodes = 4_096
  static let reservedNodeBytes = 256
  /// The number of bytes of a trap's message that are kept.
  package static let trapMessageBytes = 4 << 10
  /// The number of bytes of address space that a runtime's slots leave to the rest of the program, unless the slots
  /// take less than that.
  package static let addressesLeft = 1 << 30
  /// The number of slots in a block, and the minimum number of slots of a runtime that does not ask for fewer.
  package static let slotsInABlock = 64
  /// The maximum number of slots where guards split mappings: a default kernel allows 65,530 mappings, which the whole
  /// program shares.
  package static let slotsWithSplitMappings = 4_096
  /// The maximum number of free slots that one scheduler caches.
  package static let slotsKept = 16

  // MARK: Messages

  /// The size of a slab, and the size of the parts in which its pages are faulted in.
  package static let slabBytes = 1 << 20
  package static let pagesAtOnceBytes = 128 << 10
  /// The size of the pieces in which memory for records is made available after the first, and the size of a pool's
  /// first slab.
  package static let recordBytesAtOnce: UInt = 64 << 10
  package static let firstSlabBytes = 128 << 10
  /// The size of a slab's header: a cache line.
  package static let slabHeaderBytes = 64
  /// The number of records and blocks that must have returned to the pools since the last trim before a resting
  /// scheduler trims them again.
  package static let givenBeforeTrim = 16_384
  /// The maximum number of NUMA nodes that are told apart.
  package static let maxNumaNodes = 16
  /// The number of blocks that move between a scheduler and a depot at a time.
  package static let blocksInABatch = 64

  /// The maximum length of a circle of waits that is found: a process that begins to wait follows at most this many
  /// edges.
  package static let longestCircle = 1_024
  /// The time after which a circle that may end by itself is reported as stuck for now, and the maximum number of such
  /// circles that are remembered.
  static let stuckCircleAfter: Int64 = 100_000_000
  static let suspectedCircles = 64
  /// The maximum number of addresses in the backtrace of a parked process.
  static let backtraceFrames = 64

  // MARK: Private heaps

  /// The size of the first block of a heap.
  package static let minHeapBlock = 512
  /// The maximum size of a space's block: half of a number range (HN3).
  package static let maxHeapBlock = 16 << 30
  /// The granularity of mappings: a multiple of the page size on any machine.
  package static let heapPageBytes = 16 << 10
  /// The minimum number of young bytes at which a loop collects: they fit the first-level cache and a block of 16 KiB.
  package static let minHeapThreshold = 12 << 10
  /// The maximum number of young bytes at which a loop collects, unless more bytes are old: they fit the second-level
  /// cache.
  package static let maxHeapThreshold = 1 << 20
  /// The number of bytes to allocate before the next collection for each reference that a collection visited.
  ///
  /// Collecting then takes a tenth of the time that allocating them takes.
  package static let heapBytesAVisit = 512
  /// The number of old bytes below which the old space is not collected.
  package static let minHeapFull = 4 << 10

  // MARK: Reports

  /// The default number of reports per second, and the number of recent reports that are kept.
  package static let reportsInASecond = 100
  package static let reportsKept = 64
  /// The number of reports that may wait for the handler before further ones are dropped.
  package static let reportsWaiting = 1_000

  // MARK: Timers

  /// The number of free timers that move between a scheduler and the pool at a time.
  package static let timersInABatch = 128
  /// The maximum number of timers that expire in one look at the clock; the rest follow after the next slice.
  package static let dueBatch = 1_024

  // MARK: Descriptors

  /// The interval at which the thread that waits for descriptors checks that its own descriptors are still open.
  package static let pollMilliseconds: Int32 = 1_000

  // MARK: Blocking

  /// The maximum number of threads of the pool for `blocking`: the number that Linux gives a program by default.
  package static let maxBlockingThreads = 32_768
  /// The size of the stack that `blocking` closures run on: the usual size of a thread's stack, of which only the used
  /// part is ever touched.
  package static let blockingStackBytes = 8 << 20
  /// The time after which an idle pool thread ends.
  package static let blockingThreadIdle: Int64 = 5_000_000_000
}

// SPDX-License-Identifier: Apache-2.0
//
// Every bound of the runtime, each with its cause. What a user may set is in `Configuration`; its ranges are here.

/// Bounds and defaults.
package enum Limits {
  // MARK: Priorities

  /// The maximum of processes of a level that a search for one to move up looks at: some hundred microseconds.
  static let movedUpWithin = 4_096

  // MARK: Processes

  /// Slots of the table: 27 bits of a `ProcessID`, which leaves five for a node and 32 for the generation.
  package static let maxProcesses = 1 << 27
  /// Default: address space for so many records is 3 GiB, of which only what is used is ever touched.
  package static let processesDefault = 1 << 24
  /// Records that one scheduler keeps for itself, so that spawn and exit take no lock.
  package static let recordsCached = 128
  /// Below this limit schedulers keep none, so that a small limit can be reached to the last process.
  package static let processLimitThatMustBeExact = 1 << 16

  // MARK: Schedulers

  /// Scheduler threads and spare ones together: four words of a set.
  package static let maxThreads = 256
  /// So many may be asked for; the rest is room for spare ones.
  package static let maxSchedulers = 192
  /// Reductions in a slice.
  package static let reductionsDefault = 2_000
  package static let maxReductions = 1_000_000_000
  /// Slices that a process waits in a queue before it is moved up one.
  package static let ageingDefault = 512
  /// Ageing is looked at so often (a power of two less one, used as a mask): twice the heads of two queues.
  package static let ageingMask: UInt32 = 15
  /// At most so many move up at a time, so that a crowd of aged ones does not hold up a slice.
  package static let agingBatch = 16
  /// A thief never takes more than so many at once; half of more is not sooner done.
  package static let stealBatch = 128
  /// A thief looks again after so many nanoseconds (ST1): a steal costs a tenth of that.
  package static let thiefsNap: Int64 = 100_000
  /// What a victim needs so many naps for is worth a steal, the second time if it was stolen from just before.
  package static let napsWorthStealing = 10
  package static let napsWorthStealingAgain = 40
  /// A queue that had work at so many looks is not one that is just being run: three milliseconds.
  package static let looksBeforeStealing = 32
  /// Between two comparisons of a scheduler's load with the others' (BA2): a hundred exchanges in a second even shares
  /// out, and each takes a microsecond or two.
  package static let loadsComparedEvery: Int64 = 10_000_000
  /// Looks around for work, with a pause between, before a scheduler goes to sleep: some ten microseconds.
  package static let idleLooks = 30
  /// Spins on a lock before the processor is given away: its holder was probably descheduled.
  package static let spinsBeforeRelinquish = 200
  /// Reductions between two readings of the cheap clock, which take as long as ten of them.
  package static let clockReductions = 1_000
  /// What a slice counts for at least: so it is read every sixteenth slice, however short they are.
  package static let clockReductionsOfASlice = 64
  /// Microseconds between two looks at the clock while there is work.
  package static let clockLookMicroseconds: UInt64 = 50

  // MARK: The monitor

  /// Between two rounds while something runs.
  package static let monitorRound: Int64 = 2_000_000
  /// A scheduler that is so long in one slice is stuck.
  package static let stuckAfter: Int64 = 5_000_000
  /// Its thread must have run for at least that part of it, if it does not wait in the system (X7): the thread is first
  /// asked a round after the slice was first seen.
  package static let stuckWhenBusyFor: Int64 = stuckAfter - monitorRound
  /// After the system gave no thread for a spare scheduler none is asked for meanwhile.
  package static let threadPause: Int64 = 1_000_000_000
  /// A round that came so late says nothing about the schedulers: the whole program was held up.
  package static let monitorLate: Int64 = 20_000_000
  /// Between two looks whether crashes are still contained.
  package static let handlerLookRounds = 250
  /// Between two looks at the program's memory, each of which reads a file: a program does not grow by more than 32 MiB
  /// meanwhile.
  package static let memoryLookRounds = 16
  /// Rounds with nothing running before the monitor sleeps until it is woken.
  package static let monitorIdleRounds = 50

  /// Killed processes get so long to reach a suspension point before they count as survivors.
  package static let killGrace = Duration.milliseconds(200)

  // MARK: Stacks

  package static let slotsDefault = 16_384
  package static let maxSlots = 1 << 20
  /// Untouched addresses cost nothing, and half a megabyte is what a thread of Darwin has.
  package static let slotBytesDefault = 512 << 10
  /// Swift's first `print` needs about 20 KiB, formatting in Foundation 40.
  package static let slotBytesLeast = 64 << 10
  package static let slotBytesMost = 64 << 20
  /// Of a stack of a process's own.
  package static let dedicatedBytesMost = 1 << 30
  /// Below every stack: larger than any frame, because Swift lowers the stack pointer by a whole frame unprobed.
  ///
  /// Five of seven parts are for a library to finish on (`reserve.c`), each of whole pages on any machine. A guard and
  /// a stack of the default size together are no power of two: their page tables do not share cache sets.
  package static let guardBytes = 448 << 10
  /// A scheduler looks at so many slots at each look at the clock: at forty thousand in a second (U7).
  package static let slotsSweptAtOnce = 2
  /// One that has slept so long sweeps all: a little more than a process must have waited.
  package static let sleepBeforeReclaim: Int64 = 1_200_000_000
  /// So many stacks give the pages below their frames back at a time (U10), once a second.
  package static let shrinkBatch = 256
  /// So many keep their pages when there are so many times as many processes as slots (U7): 8 MiB.
  package static let slotsForMany = 2_048
  package static let timesAsMany = 4
  /// What code may use below the stack pointer, on any machine.
  package static let belowFrames = 256
  /// A call of the runtime wants so much stack left, for itself and for what Swift's runtime does in it (FA3).
  package static let stackForACall = 16 << 10
  /// With less to be had from malloc at once the monitor leaves a round out.
  static let monitorBytes = 16 << 10
  /// With less to be had from malloc at once nothing is told of a crash but that it happened.
  static let trapBytes = 16 << 10
  /// Notices that processes which end without memory may send at the same time, and the size of each.
  static let reservedNodes = 4_096
  static let reservedNodeBytes = 256
  /// So much of what is said of a trap is kept.
  package static let trapMessageBytes = 4 << 10
  /// The bytes of addresses that a runtime's slots leave to the rest of the program, unless they take fewer themselves.
  package static let addressesLeft = 1 << 30
  /// The count of slots in a block, and the least count of a runtime that does not ask for fewer.
  package static let slotsInABlock = 64
  /// With guards that split mappings: the 65,530 mappings of a default kernel are the program's, not ours alone.
  package static let slotsWithSplitMappings = 4_096
  /// Free slots that one scheduler keeps for itself, at most.
  package static let slotsKept = 16

  // MARK: Messages

  /// Pools grow by so much, and have its pages in parts of so much; at first by less.
  package static let slabBytes = 1 << 20
  package static let pagesAtOnceBytes = 128 << 10
  /// Memory for records is had in pieces of so much, after the first.
  package static let recordBytesAtOnce: UInt = 64 << 10
  package static let firstSlabBytes = 128 << 10
  /// What a slab says of itself, at its beginning: a cache line.
  package static let slabHeaderBytes = 64
  /// A scheduler that rests has pools give back when so many records and blocks have come to them since it last did.
  package static let givenBeforeTrim = 16_384
  /// NUMA nodes that are told apart.
  package static let numaNodesMost = 16
  /// Blocks move between a scheduler and a depot by so many.
  package static let blocksInABatch = 64

  /// A circle of waits that is longer is not looked for: whoever waits follows as many notes at most.
  package static let longestCircle = 1_024

  // MARK: Private heaps

  /// The first block of a heap.
  package static let heapBlockLeast = 512
  /// The largest block that a space may have: half of a stretch of numbers (HN3).
  package static let heapBlockMost = 16 << 30
  /// Mappings are multiples of this: a page anywhere.
  package static let heapPageBytes = 16 << 10
  /// A loop collects when so much is young, at least: it fits the first cache, and a block of 16 KiB.
  package static let heapThresholdLeast = 12 << 10
  /// And at most, unless more is old: it fits the second cache.
  package static let heapThresholdMost = 1 << 20
  /// For each reference that a collection has visited so many bytes are allocated before the next: then collecting
  /// takes a tenth of the time of that.
  package static let heapBytesAVisit = 512
  /// What is old is not collected while it is less.
  package static let heapFullLeast = 4 << 10

  // MARK: Reports

  /// Without another figure from the user.
  package static let reportsInASecond = 100
  package static let reportsKept = 64
  /// For the handler, before more are dropped.
  package static let reportsWaiting = 1_000

  // MARK: Timers

  /// Free timers move between a scheduler and the pool by so many.
  package static let timersInABatch = 128
  /// So many come up in one look at the clock; the rest after the next slice.
  package static let dueBatch = 1_024

  // MARK: Descriptors

  /// The thread that waits for descriptors looks so often whether its own are still there (DP3).
  package static let pollMilliseconds: Int32 = 1_000

  // MARK: Blocking

  /// Threads of the pool for `blocking` that may be asked for: as many as Linux gives a program by default.
  package static let blockingThreadsMost = 32_768
  /// The stack that closures run on: as large as a thread's usually is, and as little of it is ever touched.
  package static let blockingStackBytes = 8 << 20
  /// An idle pool thread ends after so long.
  package static let blockingThreadIdle: Int64 = 5_000_000_000
}

// SPDX-License-Identifier: Apache-2.0
//
// A scheduler, which runs processes. A thread, of the system or of a simulation, calls its `step()` in a loop; a test
// may call it by hand.
//
// The fields of the first part never change. Those of the second part are touched only by the thread that steps the
// scheduler. Those of the third part have a lock or are atomic. Two unused cache lines lie between the second part and
// the third, before the counters, and at the end. So what other threads write is in no cache line that the scheduler's
// thread works with, nor in one that a processor fetches together with such a line.
//
// Methods are on the handle, so that no access to the whole scheduler is open while a process runs.

import CJoist
import Synchronization

/// One scheduler; its methods are on its handle.
@safe
@usableFromInline
package struct Scheduler: ~Copyable {
  // MARK: Constant

  /// The scheduler's number in the runtime; spare schedulers have the higher numbers.
  let index: Int
  let runtime: Handle<RuntimeCore>
  let clock: TickClock
  /// The number of reductions in a slice of a process that has no number of its own.
  let sliceLength: Int32
  /// The interval between two looks at the real clock, in ticks of `clock`.
  let clockLookInterval: UInt64
  /// The length of a thief's nap (ST1), in ticks of `clock`.
  let napTicks: UInt64
  /// Whether it is a spare scheduler, which the watchdog starts.
  let isSpare: Bool
  /// The NUMA node of its thread (NU1).
  let node: Int

  // MARK: Of its thread

  /// The saved stack pointer of the scheduler's own stack while a process runs.
  var stackPointer: UnsafeMutableRawPointer?
  /// The process that runs here.
  var running: ProcessHandle?
  /// The process that has just stopped running and awaits `finishSwitch`, and how it stopped (HO2).
  var left: ProcessHandle?
  var outcome = Outcome.yielded
  /// The next process to run, taken from the queue by a process that could not hand over to it (HO3).
  var handed: ProcessHandle?
  /// Whether a regular scheduler's thread steps it: only then do its processes hand over to each other (HO3), and only
  /// then does it nap before it steals (ST1).
  var hasRegularThread = false
  /// The last reading of the cheap clock, at most a few slices old: the sending time of messages that are sent now.
  var lastClock: UInt64 = 0 { didSet { lastUnits = ProcessUsage.units(lastClock) } }
  /// The same in units of `ProcessUsage`.
  private(set) var lastUnits: UInt32 = 0
  /// The number of reductions before the cheap clock is read again.
  var clockCredit = 0
  /// Its ring in the flight recorder.
  var ring: RecorderRing
  /// The mask for the number of received messages, which says which of them are noted: those that
  /// histograms sample, or all while messages are recorded.
  var noticedMessages = Limits.sampleMask
  /// What a reduction costs here, and the credit of reductions that the present interval between two clock readings
  /// began with.
  var price = ReductionPrice()
  var creditGiven = 0
  /// What is measured exactly now, if anything is.
  var timing = SliceTiming()
  /// The time of the next look at the real clock.
  var nextClockLook: UInt64 = 0
  /// What the running process has to do before it goes on.
  var pendingWork: PendingWork = []
  /// Whether the scheduler is counted in `searching` (Z3).
  var isSearching = false
  /// The number of its looks for work before it sleeps, as they have proved useful.
  var idleLooks = Limits.idleLooks
  /// Whether it has found no work since it last read the cheap clock.
  var hasRested = true
  /// Whether it has reclaimed all slots since it last ran a process.
  var hasReclaimed = false
  /// The time on the cheap clock at which it last shrank stacks (U10).
  var lastShrink: UInt64 = 0
  /// The value of `givenToPools` at its last trim (GB2).
  var givenAtTrim = 0
  /// The victim that it watches before it steals from it (ST1).
  var victimWatch = VictimWatch()
  /// What it knows of its own load (BA1).
  var balance = Balance()
  /// The state of its pseudo-random numbers, which give the order of victims.
  var random: UInt64
  /// The locations of the thread state that belongs to the code that runs, which is saved and loaded at a switch.
  // Sound: all zero until `takeThread` fills it.
  var words = unsafe joist_words()
  /// What the fault handler knows of this thread.
  var site = unsafe joist_site()
  let nodes: BlockCache<NodePool>
  let savedFramesPool: BlockCache<SavedFramesPool>
  let heapBlocks: BlockCache<HeapPool>
  var records = RecordCache()
  var freeSlots = StackSlotCache()
  var timers = TimerCache()
  /// The number of ticks above which an interval between two clock readings counts as long.
  let longInterval: UInt64
  /// Where the time of its thread goes.
  var time: SchedulerTime

  // MARK: Of all threads

  private let gapBefore = CacheGap()
  var queue: RunQueue
  let remote = RemoteList()
  var wheel: TimerWheel
  /// Whether a process runs here.
  // Ordering: relaxed, for guesses of the watchdog and of thieves.
  let isInProcess = Atomic<Bool>(false)
  /// The number of processes that it has to run all the time, as last noted (BA1).
  // Ordering: relaxed, a guess of other schedulers.
  let load = Atomic<Int>(0)
  /// The number by which the watchdog asks for its thread's use of a processor (X7); zero before it has a thread.
  // Ordering: relaxed. A watchdog that reads an old number asks about a thread that has ended, and decides by the
  // clock.
  let threadNumber = Atomic<Int64>(0)
  /// The process that the watchdog saw run here, as an entry of the recorder names it; zero if it saw none.
  // Ordering: relaxed, statistics, and likewise below.
  let seenRunning = Atomic<UInt64>(0)
  /// The ticks with which the watchdog has charged processes in slices that had not ended.
  let chargedAlready = Atomic<Int>(0)
  /// The number of processes that thieves have taken from it.
  let processesLost = SharedCounter()
  /// Whether the watchdog found it stuck in a process, so that a spare scheduler stands in.
  // Ordering: `markStuck` has the argument; other threads guess whether to serve its wheel.
  let isStuck = Atomic<Bool>(false)
  /// Whether processes hand over to each other now; false when a step has more to do than that (HO3).
  let mayHandOver = Atomic<Bool>(false)
  /// Whether its number is in the runtime's set of schedulers with urgent work; under the queue's lock.
  var showsUrgentWork = false
  /// The word that it sleeps on.
  let alarm = WaitWord()
  /// Whether its thread was started; used only by the thread that starts threads: the one that makes the runtime, then
  /// the watchdog.
  var hasThread = false
  private let gapBehind = CacheGap()
  /// The counters, which its own thread writes and any thread reads.
  let counters = SchedulerCounters()
  let histograms = SchedulerHistograms()
  private let gapAtTheEnd = CacheGap()

  init(index: Int, runtime: Handle<RuntimeCore>, isSpare: Bool, node: Int) {
    let platform = runtime.it.platform
    self.index = index
    self.runtime = runtime
    self.isSpare = isSpare
    self.node = node
    sliceLength = Int32(runtime.it.configuration.reductionsPerSlice)
    clock = platform.ticks
    clockLookInterval = max(1, clock.perSecond * Limits.clockLookMicroseconds / 1_000_000)
    longInterval = max(1, clock.perSecond * Limits.longMicroseconds / 1_000_000)
    napTicks = max(1, clock.perSecond * UInt64(Limits.thiefNapNanoseconds) / 1_000_000_000)
    random = platform.randomSeed() | 1
    ring = runtime.it.recorder.makeRing(index)
    time = SchedulerTime(now: clock.count)
    nodes = BlockCache(NodePool.depots, node)
    heapBlocks = BlockCache(HeapPool.depots, node)
    savedFramesPool = BlockCache(runtime.it.slots.savedFramesPool, node)
    queue = RunQueue(ageing: runtime.it.configuration.ageing)
    wheel = TimerWheel(index: index, now: platform.now())
  }

  /// The offset of `running`, for inlined code that knows nothing else of a scheduler.
  @inlinable static var runningOffset: Int { 96 }

  /// The scheduler whose thread this is; nil on every other thread.
  // Sound: the word is set by a scheduler's own thread, while the scheduler lives.
  @inline(__always)
  static var current: Handle<Scheduler>? {
    unsafe Handle(bits: UInt(bitPattern: joist_thread_current()))
  }
}

/// Two unused cache lines.
private struct CacheGap {
  private let lines = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
}

extension Handle<Scheduler> {
  /// The offsets, in bytes, at which the thread's part ends, what other threads write begins and ends, and the counters
  /// begin and end, and the size of all; a test checks the distances.
  // Sound: addresses are only subtracted.
  package var parts: (thread: Int, others: Range<Int>, counters: Range<Int>, all: Int) {
    let counters = unsafe withUnsafePointer(to: it.counters, offset)
    return unsafe (
      offset(&it.timers) + MemoryLayout<TimerCache>.size,
      offset(&it.queue)..<withUnsafePointer(to: it.alarm, offset) + MemoryLayout<WaitWord>.size,
      counters..<counters + MemoryLayout<SchedulerCounters>.size,
      MemoryLayout<Scheduler>.size
    )
  }
}

/// What a process has to do before it goes on after a call.
struct PendingWork: OptionSet {
  let rawValue: UInt8
  /// Announcing one process that was made ready in this slice: no scheduler was told, because it may be the next to run
  /// here anyway.
  static let notice = PendingWork(rawValue: 1)
  /// Passing a schedule point: the thread is simulated, and other threads may run at every call (SI1).
  static let schedulePoint = PendingWork(rawValue: 2)
  /// Recording each message that is sent.
  static let recordsMessages = PendingWork(rawValue: 4)
}

/// The way in which a process stops running; the recorder has kinds of entries in the same order.
enum Outcome: UInt8 {
  /// The process goes to the back of its queue.
  case yielded
  /// The process waits until it is claimed, by a message if it wants any.
  case blocked
  /// The process waits in the same way and keeps as little memory as possible meanwhile.
  case hibernated
  /// The process has ended; nothing of it is left in its slot.
  case exited
  /// As `SliceTiming` says; the time of the switch is measured.
  case timed
}

/// The counters of one scheduler, which its own thread writes.
struct SchedulerCounters: ~Copyable {
  /// Slices begun, from which the watchdog sees whether the scheduler makes progress.
  let slices = Counter()
  let processesCreated = Counter()
  let processesEnded = Counter()
  let messagesSent = Counter()
  let messagesReceived = Counter()
  let messagesDestroyed = Counter()
  let parks = Counter()
  let stealAttempts = Counter()
  let steals = Counter()
  let processesStolen = Counter()
  let framesSaved = Counter()
  let framesRestored = Counter()
  /// Bytes of saved frames allocated here less those freed here: only the sum over all schedulers is meaningful.
  let savedFramesBytes = Counter()
  let sleeps = Counter()
  let agings = Counter()
  /// Timed waits and timers that began here less those that ended here: only the sum over all schedulers is meaningful.
  ///
  /// Counted by releasing stores (ID2).
  let timedWaits = Counter()
  let youngCollections = Counter()
  let fullCollections = Counter()
  let heapBytesAllocated = Counter()
  let heapBytesSurvived = Counter()
  /// Bytes of heaps' blocks that were counted here: only the sum over all schedulers is meaningful.
  let heapBytes = Counter()
}

extension Handle<Scheduler> {
  /// Prepares the calling thread to step the scheduler.
  ///
  /// A thread that is not the runtime's own may run a Swift task, whose thread state is left alone.
  // Sound: the pointer is the handle's, which outlives the thread's use of it.
  func takeThread(isOwn: Bool = true) {
    if isOwn {
      unsafe joist_words_find(&it.words, it.runtime.it.configuration.threadWordsByCalls)
    } else {
      unsafe joist_words_none(&it.words)
    }
    it.hasRegularThread = isOwn && !it.isSpare
    it.pendingWork.formIntersection(.recordsMessages)
    if isOwn && SchedulePoint.isSimulated { it.pendingWork.insert(.schedulePoint) }
    allowHandOver()
    if isOwn { it.threadNumber.store(it.runtime.it.platform.threadNumber, ordering: .relaxed) }
    unsafe joist_thread_set_current(UnsafeMutableRawPointer(pointer))
    containCrashes()
  }

  /// Allows processes to hand over again, unless the runtime stops.
  // Ordering: a thread that stops the runtime stores that first and forbids handing over then. This function allows it
  // first and reads then. All four accesses are sequentially consistent: if this store is the last of the two, the load
  // sees the stop. A process that stops running reads `mayHandOver` relaxed, and sees it at one of the next switches.
  func allowHandOver() {
    it.mayHandOver.store(it.hasRegularThread, ordering: .sequentiallyConsistent)
    if it.runtime.it.stopping.load(ordering: .sequentiallyConsistent) { forbidHandOver() }
  }

  /// Makes the next process that stops running switch to the scheduler's own stack.
  func forbidHandOver() { it.mayHandOver.store(false, ordering: .sequentiallyConsistent) }

  /// Ends the calling thread's stepping of the scheduler.
  func leaveThread() {
    joist_thread_set_current(nil)
    joist_faults_enter(nil)
  }

  /// Makes faults of processes on this thread end those processes.
  // Sound: the site is this thread's while it steps the scheduler; a handle is an address, and nil is null.
  private func containCrashes() {
    unsafe withUnsafePointer(to: &it.running) { running in
      precondition(UInt(bitPattern: running) == bits + UInt(Scheduler.runningOffset))
      unsafe it.site.running = UnsafeRawPointer(running).assumingMemoryBound(to: UnsafeMutableRawPointer?.self)
    }
    unsafe withUnsafePointer(to: &it.words) { words in unsafe it.site.words = words }
    unsafe withUnsafePointer(to: it.counters.slices) { slices in
      unsafe it.site.slices = UnsafeRawPointer(slices).assumingMemoryBound(to: UInt64.self)
    }
    unsafe it.site.stack_offset = ProcessRecord.slotOffset
    unsafe it.site.entry = { unsafe processFaulted($0) }
    unsafe it.site.guard_bytes = Limits.guardBytes
    unsafe it.site.contains_nothing = it.runtime.it.configuration.onTrap == .crash
    unsafe it.site.contains_locks = it.runtime.it.configuration.onTrapWithLock == .contain
    unsafe joist_faults_enter(&it.site)
    #if DEBUG
      joist_thread_note_queue()
    #endif
  }

  /// Returns the next number of the scheduler's own pseudo-random generator: xorshift64 (Marsaglia, 2003).
  func nextRandom() -> UInt64 {
    it.random ^= it.random << 13
    it.random ^= it.random >> 7
    it.random ^= it.random << 17
    return it.random
  }
}

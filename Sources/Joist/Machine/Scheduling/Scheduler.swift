// SPDX-License-Identifier: Apache-2.0
//
// What a scheduler is: a place where processes run. A thread calls its `step()` in a loop; under simulation somebody
// else does.
// D1. Fields of the first part never change. Fields of the second are touched by the thread that steps the scheduler.
//     Those of the third have a lock or are atomic. Between the second and the third lie two cache lines, and behind
//     all: what others write is in no line that the thread works with, nor in one that a processor fetches with that.
// D2. Methods are on the handle, so that no access to the whole scheduler is open while a process runs.

import CJoist
import Synchronization

/// One scheduler (D1); its methods are on its handle (D2).
@safe
@usableFromInline
package struct Scheduler: ~Copyable {
  // MARK: Never changed

  /// Its number in the runtime; spare ones have the higher numbers.
  let index: Int
  let runtime: Handle<RuntimeCore>
  let clock: TickClock
  /// Reductions of a slice, where a process has none of its own.
  let sliceLength: Int32
  /// Looks at the real clock are so far apart, in counts of `clock`.
  let clockLookInterval: UInt64
  /// How long a thief naps (ST1), in counts of `clock`.
  let napCounts: UInt64
  /// A spare one, started by the monitor.
  let isSpare: Bool
  /// The NUMA node of its thread (NU1).
  let node: Int

  // MARK: Its thread's

  /// Where its own frames end while a process runs.
  var stackPointer: UnsafeMutableRawPointer?
  /// The process that runs here.
  var running: ProcessHandle?
  /// The process that has just left and is not settled yet, and how it left (HO2).
  var left: ProcessHandle?
  var outcome = Outcome.yielded
  /// Taken from the queue by a process that could not hand over to it: the next to run (HO3).
  var handed: ProcessHandle?
  /// Whether processes hand over to each other here (HO3).
  var handsOver = false
  /// The cheap clock when it was last read, some slices ago at most: the time of messages that are sent now.
  var lastClock: UInt64 = 0
  /// Reductions before the cheap clock is read again.
  var clockCredit = 0
  /// When to look at the real clock next.
  var nextClockLook: UInt64 = 0
  /// What the process that runs owes before it goes on.
  var pendingWork: PendingWork = []
  /// Was woken to look for work and has not found any yet (Z3).
  var isSearching = false
  /// Whether it has swept all slots since it last ran something.
  var hasReclaimed = false
  /// The cheap clock when it last had stacks shrink (U10).
  var lastShrink: UInt64 = 0
  /// What had been given to pools when it last gave back (GB2).
  var givenAtTrim = 0
  /// Whose queue it has in view before it steals from it (ST1).
  var sighting = Sighting()
  /// What it knows of its own load (BA1).
  var balance = Balance()
  /// In which order victims are looked at.
  var random: UInt64
  // Sound: all zero until `takeThread` fills it.
  /// Where this thread keeps what belongs to the code on it.
  var words = unsafe joist_words()
  /// What the handler of faults knows of this thread.
  var site = unsafe joist_site()
  let nodes: BlockCache<NodePool>
  let savedFramesPool: BlockCache<SavedFramesPool>
  let heapBlocks: BlockCache<HeapPool>
  var records = RecordCache()
  var freeSlots = StackSlotCache()
  var timers = TimerCache()

  // MARK: Everybody's

  private let gapBefore = CacheGap()
  var queue: RunQueue
  let remote = RemoteList()
  var wheel: TimerWheel
  /// Whether a process runs here.
  // Ordering: relaxed, for guesses of the monitor and of thieves.
  let isInProcess = Atomic<Bool>(false)
  /// How much it has to run all the time, as it was last noted (BA1).
  // Ordering: relaxed, a guess of others.
  let load = Atomic<Int>(0)
  /// By which the monitor asks for its thread's use of the machine (X7); zero before it has one.
  // Ordering: relaxed. A monitor that reads an old one asks about a thread that has ended, and goes by the clock.
  let threadNumber = Atomic<Int64>(0)
  /// The monitor found it stuck in a process, and a spare one stands in.
  // Ordering: `standIn` has the argument; others guess whether to serve its wheel.
  let isStuck = Atomic<Bool>(false)
  /// Whether processes hand over to each other here just now: not where a step has more to do than that (HO3).
  let mayHandOver = Atomic<Bool>(false)
  /// Whether this scheduler's number is in the runtime's set of those with urgent work; under the queue's lock.
  var showsUrgentWork = false
  /// What it sleeps on.
  let alarm = WaitWord()
  /// Whether its thread was started; touched by whoever starts threads alone, the runtime's maker and then the monitor.
  var hasThread = false
  private let gapBehind = CacheGap()
  /// Its thread's to write, everybody's to read.
  let counters = SchedulerCounters()
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
    napCounts = max(1, clock.perSecond * UInt64(Limits.thiefsNap) / 1_000_000_000)
    random = platform.randomSeed() | 1
    nodes = BlockCache(NodePool.depots, node)
    heapBlocks = BlockCache(HeapPool.depots, node)
    savedFramesPool = BlockCache(runtime.it.slots.savedFramesPool, node)
    queue = RunQueue(ageing: runtime.it.configuration.ageing)
    wheel = TimerWheel(index: index, now: platform.now())
  }

  /// From its beginning to `running`, for code that is inlined where nothing else is known of a scheduler.
  @inlinable static var runningOffset: Int { 80 }

  /// The scheduler whose thread this is; nil on every other thread.
  // Sound: the word is set by a scheduler's own thread, while the scheduler lives.
  @inline(__always)
  static var current: Handle<Scheduler>? {
    unsafe Handle(bits: UInt(bitPattern: joist_thread_current()))
  }
}

/// Two cache lines that nobody uses.
private struct CacheGap {
  private let lines = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
}

extension Handle<Scheduler> {
  // Sound: addresses are only subtracted.
  /// Where the thread's part ends, what others write begins and ends, the figures begin and end, and all ends, in bytes
  /// from the beginning: a test holds the distances.
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

/// What a process owes that has made a call and goes on.
struct PendingWork: OptionSet {
  let rawValue: UInt8
  /// One process was made ready in this slice and nobody was told, since it may be the next to run here anyway.
  static let notice = PendingWork(rawValue: 1)
  /// The thread is simulated: every call is a place at which others may go on (SI1).
  static let place = PendingWork(rawValue: 2)
}

/// How a process leaves its thread.
enum Outcome {
  /// To go to the back of its queue.
  case yielded
  /// To wait, until a message comes if that is wanted, or until it is claimed otherwise.
  case blocked
  /// Likewise, and to keep as little memory as possible meanwhile.
  case hibernated
  /// It has ended; nothing of it is left in its slot.
  case exited
}

/// What a scheduler counts; its own thread does.
struct SchedulerCounters: ~Copyable {
  /// Slices begun: the monitor sees by it whether the scheduler moves.
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
  /// Bytes of images taken here, less those given back here: only the sum over schedulers says something.
  let savedFramesBytes = Counter()
  let sleeps = Counter()
  let agings = Counter()
  /// Waits with an end that began here, less those that ended here: only the sum over schedulers says something.
  ///
  /// Counted by releasing stores (ID2).
  let timedWaits = Counter()
  let youngCollections = Counter()
  let fullCollections = Counter()
  let heapBytesAllocated = Counter()
  let heapBytesSurvived = Counter()
  /// Bytes of heaps' blocks that were counted here: only the sum over schedulers says something.
  let heapBytes = Counter()
}

extension Handle<Scheduler> {
  /// This thread steps the scheduler from now on. One that is not the runtime's own may run a Swift task, and what
  /// Swift keeps for that is left alone.
  // Sound: the pointer is the handle's, which outlives the thread's use of it.
  func takeThread(isOwn: Bool = true) {
    if isOwn {
      unsafe joist_words_find(&it.words, it.runtime.it.configuration.threadWordsByCalls)
    } else {
      unsafe joist_words_none(&it.words)
    }
    it.handsOver = isOwn && !it.isSpare
    it.pendingWork = isOwn && SchedulePoint.isSimulated ? .place : []
    allowHandOver()
    if isOwn { it.threadNumber.store(it.runtime.it.platform.threadNumber, ordering: .relaxed) }
    unsafe joist_thread_set_current(UnsafeMutableRawPointer(pointer))
    containFaults()
  }

  /// Processes may hand over again, if nothing else is the matter.
  // Ordering: whoever stops the runtime says so first and forbids it then; here it is allowed first, and looked then.
  // All four are sequentially consistent: if this store is the last of the two, the look sees the stop. Who leaves a
  // process looks relaxed, and sees it at one of the next switches.
  func allowHandOver() {
    it.mayHandOver.store(it.handsOver, ordering: .sequentiallyConsistent)
    if it.runtime.it.stopping.load(ordering: .sequentiallyConsistent) { forbidHandOver() }
  }

  /// The next process to leave goes by way of the scheduler's stack.
  func forbidHandOver() { it.mayHandOver.store(false, ordering: .sequentiallyConsistent) }

  /// This thread does not step it any more.
  func leaveThread() {
    joist_thread_set_current(nil)
    joist_faults_enter(nil)
  }

  /// Faults of processes on this thread end those processes.
  // Sound: the site is this thread's while it steps the scheduler; a handle is an address, and nil is null.
  private func containFaults() {
    unsafe withUnsafePointer(to: &it.running) { running in
      precondition(UInt(bitPattern: running) == bits + UInt(Scheduler.runningOffset))
      unsafe it.site.running = UnsafeRawPointer(running).assumingMemoryBound(to: UnsafeMutableRawPointer?.self)
    }
    unsafe withUnsafePointer(to: &it.words) { words in unsafe it.site.words = words }
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

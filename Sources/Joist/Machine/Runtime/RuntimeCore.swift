// SPDX-License-Identifier: Apache-2.0
//
// A runtime without its public face: its schedulers, its records and slots, and what they share.
// J1. A core keeps its address for the program's life, because records point to it (R4). When its runtime is over and
//     nothing of it runs any more, a later runtime takes over core and records.
// J3. An external thread that makes a process ready is a visitor of the core, from before it queues the process, which
//     cannot end before that, until it has notified a scheduler. A runtime is over only when it has no visitors.

import CJoist
import Synchronization

/// One runtime.
@safe
@usableFromInline
package struct RuntimeCore: ~Copyable {
  let platform: any Platform
  /// Whether its clock is the machine's.
  fileprivate let isOnMachineClock: Bool
  let configuration: ProcessRuntime.Configuration
  /// The number of schedulers with threads from the start.
  let regularCount: Int
  /// The number of NUMA nodes, and the regular schedulers of each (NU1).
  let nodeCount: Int
  private let shares: [Range<Int>]
  /// The floating-point control words that processes begin with: those of the thread that made the runtime.
  let control = joist_control_words()
  /// The number of schedulers made so far: the regular ones, then spare ones.
  private let made = Atomic<Int>(0)
  private let schedulers: UnsafeMutablePointer<Handle<Scheduler>>

  var table: ProcessTable
  var slots: StackSlotTable
  let idle = IdleSchedulers()
  let quiescence = Quiescence()
  /// The schedulers that have `.max` or `.high` work.
  let urgent = SchedulerSet()
  let watchdog = Watchdog()
  /// The watchdog's rounds, used only by its thread once that was started.
  ///
  /// They are not in that thread's closure, which would share its memory.
  var watchdogRounds = WatchdogRounds()
  let blocking: BlockingPool
  /// The address of its `RuntimeServices`.
  let servicesAddress: UInt
  let counters = SharedCounters()
  let shutdown = RuntimeShutdown()
  let memory: MemoryWatch
  let recorder: RecorderStore
  /// Whether the schedulers are to return from their next step.
  // Ordering: relaxed where every step reads it, and where an alarm is read before (F2); otherwise `allowHandOver` has
  // the argument.
  let stopping = Atomic<Bool>(false)
  /// The number of external threads that make a process ready just now (J3).
  // Ordering: `makeReadyFromOutside` has the argument.
  let visitors = Atomic<Int>(0)
  /// A number that distributes the processes that external threads make over the schedulers.
  private let rotation = Atomic<Int>(0)

  // Sound: there is space for every possible scheduler; entries below `made` are initialised.
  init(
    configuration: ProcessRuntime.Configuration,
    platform: any Platform,
    table: consuming ProcessTable,
    slots: consuming StackSlotTable,
    servicesAddress: UInt
  ) {
    self.platform = platform
    isOnMachineClock = platform is HostPlatform
    self.configuration = configuration
    regularCount = configuration.schedulers ?? platform.usefulSchedulers
    nodeCount = platform.numa.count
    shares = platform.numa.share(regularCount)
    memory = MemoryWatch(ceiling: configuration.memoryLimit ?? platform.memoryBytes / 10 * 9)
    recorder = RecorderStore(configuration, platform)
    unsafe schedulers = .allocate(capacity: Limits.maxThreads)
    self.table = table
    self.servicesAddress = servicesAddress
    self.slots = slots
    blocking = BlockingPool(platform, maxThreads: configuration.blockingThreads)
  }

  /// Ends the core, and returns its table for the next one.
  // Sound: called once, when no thread of the runtime is left.
  consuming func takeTable() -> ProcessTable {
    for number in 0..<schedulerCount {
      recorder.release(scheduler(number).it.ring)
      scheduler(number).free()
    }
    unsafe schedulers.deallocate()
    return table
  }

  /// The number of schedulers made so far, regular and spare.
  // Ordering: acquiring pairs with `addScheduler`: the schedulers below this number are visible.
  @inline(__always)
  var schedulerCount: Int { made.load(ordering: .acquiring) }

  /// Returns the scheduler with that number.
  // Sound: entries below `schedulerCount` are initialised and never change.
  @inline(__always)
  func scheduler(_ number: Int) -> Handle<Scheduler> { unsafe schedulers[number] }

  /// Adds a scheduler; called by one thread at a time, first the maker of the runtime, then the watchdog.
  // Sound: the entry is written before the count that makes it visible.
  // Ordering: releasing publishes the entry to `schedulerCount`. The load reads what the only writer stored.
  func addScheduler(_ scheduler: Handle<Scheduler>) {
    let number = made.load(ordering: .relaxed)
    unsafe (schedulers + number).initialize(to: scheduler)
    made.store(number + 1, ordering: .releasing)
  }

  /// Returns one regular scheduler after the other, of that node if it has any (NU3).
  // Ordering: relaxed; any scheduler will do.
  func nextRegular(near node: Int) -> Handle<Scheduler> {
    let number = rotation.wrappingAdd(1, ordering: .relaxed).oldValue
    let near = shares[node].isEmpty ? 0..<regularCount : shares[node]
    return scheduler(near.lowerBound + Int(UInt(bitPattern: number) % UInt(near.count)))
  }

  /// Returns the node of a regular scheduler.
  func node(ofRegular number: Int) -> Int { shares.firstIndex { $0.contains(number) } ?? 0 }

  /// Returns the regular schedulers of a node.
  func schedulers(ofNode node: Int) -> Range<Int> { shares[node] }

  /// The node on which this thread, which is not a scheduler's, runs (NU4).
  var currentNode: Int { nodeCount == 1 ? 0 : platform.currentNode }

  /// Returns the sum of a counter over all schedulers.
  func sum(_ counter: (borrowing SchedulerCounters) -> Int) -> Int {
    var sum = 0
    for number in 0..<schedulerCount { sum += counter(scheduler(number).it.counters) }
    return sum
  }
}

/// The counters that any thread adds to: those of rare events, and of what external threads do.
struct SharedCounters: ~Copyable {
  let processesCreated = SharedCounter()
  let messagesSent = SharedCounter()
  let messagesDropped = SharedCounter()
  let messagesRefused = SharedCounter()
  let repliesDropped = SharedCounter()
  let processesAbandoned = SharedCounter()
  let abnormalExits = SharedCounter()
  let linkedExits = SharedCounter()
  let trapsContained = SharedCounter()
  let overflowsContained = SharedCounter()
  /// The waits with a timeout, as in the schedulers' own counters.
  let timedWaits = SharedCounter()
  /// The processes that wait for Swift tasks.
  let taskWaits = SharedCounter()
  let spareStarts = SharedCounter()
  let restarts = SharedCounter()
  /// The contained crashes that are no stack overflows, by signal.
  let traps = Handle<SharedCounter>.allocate(count: trapSignals) { SharedCounter() }

  /// One more than the largest signal of a crash.
  static var trapSignals: Int { 32 }

  deinit { traps.free(count: Self.trapSignals) }
}

extension SharedCounters {
  /// The contained crashes that are no stack overflows, by signal, without signals of which there was none.
  var trapsBySignal: [Int32: Int] {
    let counts = (0..<Self.trapSignals).map { (Int32($0), traps.advanced(by: $0).it.total) }
    return Dictionary(uniqueKeysWithValues: counts.filter { $0.1 > 0 })
  }

  /// Counts a contained crash.
  func count(_ reason: ExitReason) {
    switch reason {
    case .stackOverflow: overflowsContained.add()
    case .trap(let trap):
      trapsContained.add()
      traps.advanced(by: Int(trap.signal) & (Self.trapSignals - 1)).it.add()
    default: trapsContained.add()
    }
  }
}

/// A counter that any thread adds to.
// Ordering: relaxed, statistics. Those that decisions depend on are ordered by others: `processesCreated` by making the
// process ready, `timedWaits` by the fence of ID1, and `taskWaits` by its process, which runs when it changes it.
struct SharedCounter: ~Copyable {
  private let value = Atomic<Int>(0)
  func add(_ amount: Int = 1) { value.wrappingAdd(amount, ordering: .relaxed) }
  var total: Int { value.load(ordering: .relaxed) }
}

extension Handle<RuntimeCore> {
  /// The time by the platform's clock; if that is the machine's, without counting a reference to the platform.
  var now: Int64 { it.isOnMachineClock ? HostPlatform.clock() : it.platform.now() }

  /// The number of processes that were created and have not ended, or more, but never fewer.
  // Ordering: the ends are read first, acquiring. A process whose end is seen was counted as created before, perhaps by
  // another scheduler, and that count is seen then. So zero means that all had ended, and their states say so, too.
  var liveCount: Int {
    let ended = it.sum { $0.processesEnded.totalAcquiring }
    return it.sum { $0.processesCreated.total } + it.counters.processesCreated.total - ended
  }
}

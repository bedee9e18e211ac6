// SPDX-License-Identifier: Apache-2.0
//
// What a runtime is, apart from its public face: its schedulers, its records and slots, and what they share.
// J1. A core keeps its address for the program's life, for records point to it (R4). When its runtime is over and
//     nothing of it runs any more, a later runtime takes over core and records.
// J3. A thread that is not the runtime's and makes a process ready is a visitor of the core from before it queues the
//     process, which so long cannot have ended, until it has told a scheduler. A runtime is over when it has none.

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
  /// Schedulers with threads of their own from the start.
  let regularCount: Int
  /// How many NUMA nodes there are, and which regular schedulers each has (NU1).
  let nodeCount: Int
  private let shares: [Range<Int>]
  /// The floating-point control words that processes begin with: those of the thread that made the runtime.
  let control = joist_control_words()
  /// All that were made so far: the regular ones, then spare ones.
  private let made = Atomic<Int>(0)
  private let schedulers: UnsafeMutablePointer<Handle<Scheduler>>

  var table: ProcessTable
  var slots: StackSlotTable
  let idle = IdleSchedulers()
  let idleness = Quiescence()
  /// Schedulers with `.max` or `.high` work.
  let urgent = SchedulerSet()
  let monitor = Watchdog()
  /// Its thread's alone, once that was started; not in that thread's closure, which would share its memory.
  var monitorRounds = WatchdogRounds()
  let blocking: BlockingPool
  /// The address of its `RuntimeServices`.
  let servicesAddress: UInt
  let counters = SharedCounters()
  let ending = RuntimeShutdown()
  let memory: MemoryWatch
  /// Schedulers return from their next step.
  // Ordering: relaxed where it is looked at in every step, and where an alarm is read before (F2); else `allowHandOver`
  // has the argument.
  let stopping = Atomic<Bool>(false)
  /// Foreign threads that make a process ready just now (J3).
  // Ordering: `makeReadyFromOutside` has the argument.
  let visitors = Atomic<Int>(0)
  /// Where the next process that a foreign thread makes is queued.
  private let turn = Atomic<Int>(0)

  // Sound: room for every scheduler that there can be; entries below `made` are initialised.
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
    unsafe schedulers = .allocate(capacity: Limits.maxThreads)
    self.table = table
    self.servicesAddress = servicesAddress
    self.slots = slots
    blocking = BlockingPool(platform, maxThreads: configuration.blockingThreads)
  }

  /// Ends the core but for its table, which the next one goes on with.
  // Sound: called once, when no thread of the runtime is left.
  consuming func takeTable() -> ProcessTable {
    for number in 0..<schedulerCount { scheduler(number).free() }
    unsafe schedulers.deallocate()
    return table
  }

  /// Regular and spare ones made so far.
  // Ordering: acquiring pairs with `addScheduler`: those below are there.
  @inline(__always)
  var schedulerCount: Int { made.load(ordering: .acquiring) }

  /// The one with that number.
  // Sound: numbers below `schedulerCount` are initialised and never change.
  @inline(__always)
  func scheduler(_ number: Int) -> Handle<Scheduler> { unsafe schedulers[number] }

  /// Makes one more scheduler. Called by one thread at a time: the maker's, then the monitor's.
  // Sound: the entry is written before the count that makes it visible.
  // Ordering: releasing publishes it to `schedulerCount`. The load is the one maker's own.
  func addScheduler(_ scheduler: Handle<Scheduler>) {
    let number = made.load(ordering: .relaxed)
    unsafe (schedulers + number).initialize(to: scheduler)
    made.store(number + 1, ordering: .releasing)
  }

  /// A regular scheduler, each in its turn; of that node, if it has one (NU3).
  // Ordering: relaxed; any will do.
  func nextRegular(near node: Int) -> Handle<Scheduler> {
    let number = turn.wrappingAdd(1, ordering: .relaxed).oldValue
    let near = shares[node].isEmpty ? 0..<regularCount : shares[node]
    return scheduler(near.lowerBound + Int(UInt(bitPattern: number) % UInt(near.count)))
  }

  /// The node of a regular scheduler.
  func node(ofRegular number: Int) -> Int { shares.firstIndex { $0.contains(number) } ?? 0 }

  /// The regular schedulers of a node.
  func schedulers(ofNode node: Int) -> Range<Int> { shares[node] }

  /// The node that this thread runs on, which is not a scheduler's (NU4).
  var currentNode: Int { nodeCount == 1 ? 0 : platform.currentNode }

  /// The sum of a figure over all schedulers.
  func sum(_ figure: (borrowing SchedulerCounters) -> Int) -> Int {
    var sum = 0
    for number in 0..<schedulerCount { sum += figure(scheduler(number).it.counters) }
    return sum
  }
}

/// What any thread counts: rare things, and what foreign threads do.
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
  /// As the schedulers' own.
  let timedWaits = SharedCounter()
  let spareStarts = SharedCounter()
}

extension SharedCounters {
  /// Counts a contained fault.
  func count(_ reason: ExitReason) {
    if case .stackOverflow = reason { overflowsContained.add() } else { trapsContained.add() }
  }
}

/// A count that any thread adds to.
// Ordering: relaxed, statistics. The two that are acted on are ordered by others: `processesCreated` by making the
// process ready, `timedWaits` by the fence of ID1.
struct SharedCounter: ~Copyable {
  private let value = Atomic<Int>(0)
  func add(_ amount: Int = 1) { value.wrappingAdd(amount, ordering: .relaxed) }
  var total: Int { value.load(ordering: .relaxed) }
}

extension Handle<RuntimeCore> {
  /// The time by its platform's clock; where that is the machine's, without counting a reference to the platform.
  var now: Int64 { it.isOnMachineClock ? HostPlatform.clock() : it.platform.now() }

  /// Processes that were created and have not ended: never fewer than there are.
  // Ordering: the ends first, acquiring: whoever ended was counted as created before, perhaps by another scheduler, and
  // that is seen then. So zero says that all had ended, and their states say so, too.
  var liveCount: Int {
    let ended = it.sum { $0.processesEnded.totalAcquiring }
    return it.sum { $0.processesCreated.total } + it.counters.processesCreated.total - ended
  }
}

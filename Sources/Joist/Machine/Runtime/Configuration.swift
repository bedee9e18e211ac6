// SPDX-License-Identifier: Apache-2.0
//
// The settings of a runtime, with their ranges.

extension ProcessRuntime {
  /// The settings of a runtime.
  ///
  /// Every field has a default, and a range that ``ProcessRuntime/init(_:)`` checks.
  public struct Configuration: Sendable, Hashable {
    /// The number of scheduler threads: 1…192, or nil for one per core, within the quota of the control group.
    ///
    /// On a machine with several NUMA nodes the schedulers are distributed over the nodes as the cores are. Each stays
    /// on the cores of its node, as does a thread that a process starts.
    public var schedulers: Int?
    /// The maximum number of live processes: 1…134,217,728.
    ///
    /// The runtime reserves addresses for this number, but no memory: 4 GiB by default. With a limit of 65,536 or more,
    /// the last few spawns may be refused below the limit: each scheduler keeps up to 128 free records, which no other
    /// scheduler can use.
    public var processLimit: Int
    /// The maximum number of stack slots for running and waiting processes: 1…1,048,576.
    ///
    /// When more processes wait than there are slots, the frames of those that have waited longest are saved elsewhere.
    /// If the system has no addresses for all slots, or would have less than 1 GiB left, the number is halved until it
    /// fits, but not below 64. ``RuntimeStatistics/slotLimit`` has the result.
    public var slots: Int
    /// The size of a stack slot in bytes: 64 KiB…64 MiB, rounded up to a multiple of 64 KiB.
    ///
    /// Addresses that are not touched cost nothing. A body that needs more overflows its stack; see
    /// ``SpawnOptions/Stack/dedicated(bytes:)``.
    public var slotBytes: Int
    /// The number of reductions in a slice: 1…1,000,000,000.
    public var reductionsPerSlice: Int
    /// The number of slices after which a process in a run queue moves up a level: 1…1,000,000,000.
    ///
    /// A scheduler looks for such processes at every sixteenth slice.
    public var ageing: Int
    /// The maximum number of scheduler threads that stand in for stuck ones: 0…256, less the number of schedulers.
    ///
    /// The runtime reports when it needs the last one (``Report/Event/schedulersUsedUp(stuck:spares:)``).
    public var spareSchedulers: Int
    /// The maximum number of threads for `blocking` closures: 1…32,768.
    ///
    /// They are started when they are needed. Further closures wait for a thread, which the runtime reports
    /// (``Report/Event/blockingThreadsUsedUp(limit:)``).
    public var blockingThreads: Int
    /// The memory of the whole program, in bytes, above which no process is made: at least 1 MiB.
    ///
    /// Above it `trySpawn` throws, until the program has a twentieth less. Nil stands for nine tenths of the machine's
    /// memory, or of the limit of the program's control groups. The runtime checks it every 32 milliseconds while
    /// something runs, and in every `trySpawn` that it would refuse.
    public var memoryLimit: Int?

    /// What a crash in a process ends: that process, or the program.
    public var onTrap: OnTrap
    /// What a crash ends that happens inside the initialiser of a global or `static let`, or inside `queue.sync`.
    ///
    /// Such a crash leaves a lock locked forever, and the next process or thread that wants it would wait forever.
    public var onTrapWithLock: OnTrap

    /// What a crash ends.
    public enum OnTrap: Sendable, Hashable {
      /// The process in which it happens.
      case contain
      /// The program, as without Joist.
      case crash
    }

    /// What the runtime does about processes that wait for each other forever.
    public var onDeadlock: DeadlockPolicy
    /// The figures at which alarms are raised.
    public var alarms: AlarmThresholds
    /// The number of entries in the flight recorder's ring of each scheduler: 64…1,048,576, rounded up to a multiple of
    /// 64, or zero for no recorder.
    ///
    /// An entry takes eight bytes, and a process that runs for a slice takes about two entries.
    public var recorderEntries: Int

    /// Whether Swift's per-thread state is saved by exported calls only, as where its words are not found.
    package var threadWordsByCalls = false

    /// Makes settings; every field has a default.
    public init(
      schedulers: Int? = nil,
      processLimit: Int = 1 << 24,
      slots: Int = 16_384,
      slotBytes: Int = 512 << 10,
      reductionsPerSlice: Int = 2_000,
      ageing: Int = 512,
      spareSchedulers: Int = 64,
      blockingThreads: Int = 512,
      memoryLimit: Int? = nil,
      onTrap: OnTrap = .contain,
      onTrapWithLock: OnTrap = .crash,
      recorderEntries: Int = 16_384,
      onDeadlock: DeadlockPolicy = .report,
      alarms: AlarmThresholds = .init()
    ) {
      self.schedulers = schedulers
      self.processLimit = processLimit
      self.slots = slots
      self.slotBytes = slotBytes
      self.reductionsPerSlice = reductionsPerSlice
      self.ageing = ageing
      self.spareSchedulers = spareSchedulers
      self.blockingThreads = blockingThreads
      self.memoryLimit = memoryLimit
      self.onTrap = onTrap
      self.onTrapWithLock = onTrapWithLock
      self.onDeadlock = onDeadlock
      self.alarms = alarms
      self.recorderEntries = (recorderEntries + 63) & ~63
    }

    /// Checks the range of every field.
    ///
    /// - Throws: ``ConfigurationError`` for the first field that is out of range.
    package func validate() throws(ConfigurationError) {
      if let schedulers { try ConfigurationError.check("schedulers", schedulers, in: 1...Limits.maxSchedulers) }
      try ConfigurationError.check("processLimit", processLimit, in: 1...Limits.maxProcesses)
      try ConfigurationError.check("slots", slots, in: 1...Limits.maxSlots)
      try ConfigurationError.check("slotBytes", slotBytes, in: Limits.minSlotBytes...Limits.maxSlotBytes)
      try ConfigurationError.check("reductionsPerSlice", reductionsPerSlice, in: 1...Limits.maxReductions)
      try ConfigurationError.check("ageing", ageing, in: 1...Limits.maxReductions)
      if let memoryLimit { try ConfigurationError.check("memoryLimit", memoryLimit, in: (1 << 20)...Int.max) }
      try ConfigurationError.check("blockingThreads", blockingThreads, in: 1...Limits.maxBlockingThreads)
      try ConfigurationError.check("recorderEntries", recorderEntries, in: 0...Limits.maxRecorderEntries)
      let maxSpare = Limits.maxThreads - (schedulers ?? 1)
      try ConfigurationError.check("spareSchedulers", spareSchedulers, in: 0...maxSpare)
    }
  }
}

/// The error for a setting or an option that is out of range.
public struct ConfigurationError: Error, Hashable, CustomStringConvertible {
  /// The name of the field of ``ProcessRuntime/Configuration`` or ``SpawnOptions``.
  public let field: String
  /// The value of the field.
  public let value: Int
  /// The range of valid values.
  public let range: ClosedRange<Int>

  /// The error in one sentence, with the field and its range.
  public var description: String {
    "\(field) is \(value), and must be from \(range.lowerBound) to \(range.upperBound)"
  }

  static func check(_ field: String, _ value: Int, in range: ClosedRange<Int>) throws(ConfigurationError) {
    guard range.contains(value) else { throw ConfigurationError(field: field, value: value, range: range) }
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// What a runtime can be told, with the range of each figure.

extension ProcessRuntime {
  /// How a runtime is made.
  ///
  /// Every field has a default, and a range that `ProcessRuntime.init` checks.
  public struct Configuration: Sendable, Hashable {
    /// Scheduler threads: 1…192.
    ///
    /// Nil for one a core, a control group's quota counted. On a machine with several NUMA nodes they are spread over
    /// these as cores are, and each stays on its node's cores, as does a thread that a process starts.
    public var schedulers: Int?
    /// Processes that may live at once: 1…134,217,728.
    ///
    /// Addresses are reserved for so many, memory is not.
    ///
    /// More never live. With a limit of 65,536 or more the last few may be refused: each scheduler keeps up to 128 free
    /// records for itself, which no other scheduler can use.
    public var processLimit: Int
    /// Stacks for running and waiting processes: 1…1,048,576.
    ///
    /// When more processes wait than there are slots, the coldest are copied out to images. Where the system has no
    /// addresses for all of them, or would have less than 1 GiB left, there are half as many, or a quarter, and so on,
    /// but at least 64: `RuntimeStatistics.slotLimit` says how many.
    public var slots: Int
    /// Bytes of a slot: 64 KiB…64 MiB, rounded up to a multiple of 64 KiB.
    ///
    /// A body that needs more overflows.
    public var slotBytes: Int
    /// Reductions of a slice: 1…1,000,000,000.
    public var reductionsPerSlice: Int
    /// A process that waited so many slices in its queue moves up a level: 1…1,000,000,000.
    ///
    /// Looked at every sixteenth slice.
    public var ageing: Int
    /// Scheduler threads beyond `schedulers` that may stand in for stuck ones: 0…256, less the number of schedulers.
    ///
    /// When the last one is needed, that is reported (``Report/Event/schedulersUsedUp(stuck:spares:)``).
    public var spareSchedulers: Int
    /// Threads for `blocking` closures: 1…32,768.
    ///
    /// Made as they are needed. More closures than that wait for one that is done, which is reported
    /// (``Report/Event/blockingThreadsUsedUp(limit:)``).
    public var blockingThreads: Int
    /// Bytes that the whole program may have in memory when a process is made; from 1 MiB.
    ///
    /// Beyond that `trySpawn` throws, until it has a twentieth less. Nil for nine tenths of what the machine has, or of
    /// what the program's control groups may have. Looked at every 32 milliseconds while something runs, and
    /// by every `trySpawn` that it refuses.
    public var memoryLimit: Int?

    /// What becomes of a crash in a process: it ends that process, or the program.
    public var onTrap: OnTrap
    /// Likewise, for a crash inside the initialiser of a global or a `static let`, or inside `queue.sync`: it leaves a
    /// lock that nobody will ever let go of, so the next to want it would wait for ever.
    public var onTrapWithLock: OnTrap

    /// What becomes of a crash.
    public enum OnTrap: Sendable, Hashable {
      /// It ends the process it happens in.
      case contain
      /// It ends the program, as without Joist.
      case crash
    }

    /// Carry Swift's per-thread state by exported calls only, as where its words are not found.
    package var threadWordsByCalls = false

    /// Every field has a default.
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
      onTrapWithLock: OnTrap = .crash
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
    }

    /// Throws for the first field that is out of range.
    package func validate() throws(ConfigurationError) {
      if let schedulers { try ConfigurationError.check("schedulers", schedulers, in: 1...Limits.maxSchedulers) }
      try ConfigurationError.check("processLimit", processLimit, in: 1...Limits.maxProcesses)
      try ConfigurationError.check("slots", slots, in: 1...Limits.maxSlots)
      try ConfigurationError.check("slotBytes", slotBytes, in: Limits.minSlotBytes...Limits.maxSlotBytes)
      try ConfigurationError.check("reductionsPerSlice", reductionsPerSlice, in: 1...Limits.maxReductions)
      try ConfigurationError.check("ageing", ageing, in: 1...Limits.maxReductions)
      if let memoryLimit { try ConfigurationError.check("memoryLimit", memoryLimit, in: (1 << 20)...Int.max) }
      try ConfigurationError.check("blockingThreads", blockingThreads, in: 1...Limits.maxBlockingThreads)
      let maxSpare = Limits.maxThreads - (schedulers ?? 1)
      try ConfigurationError.check("spareSchedulers", spareSchedulers, in: 0...maxSpare)
    }
  }
}

/// A figure that a runtime cannot be made with.
public struct ConfigurationError: Error, Hashable, CustomStringConvertible {
  /// The field of ``ProcessRuntime/Configuration`` or ``SpawnOptions``.
  public let field: String
  /// What was asked for.
  public let value: Int
  /// What can be had.
  public let range: ClosedRange<Int>

  /// One sentence, with the field and its range.
  public var description: String {
    "\(field) is \(value), and must be from \(range.lowerBound) to \(range.upperBound)"
  }

  static func check(_ field: String, _ value: Int, in range: ClosedRange<Int>) throws(ConfigurationError) {
    guard range.contains(value) else { throw ConfigurationError(field: field, value: value, range: range) }
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// What a program says of itself, and of its runtime as a whole. All descriptions in this folder are values that travel
// as JSON over the control socket; durations are in nanoseconds.

/// A program with a runtime that can be inspected.
public struct ProgramDescription: Codable, Sendable, Hashable {
  /// The system's number of the process that the program runs as.
  public var pid: Int32
  /// The name under which the program opened its control socket; by default that of its executable.
  public var name: String
  /// The version of Joist that the program contains.
  public var joistVersion: String
  /// How long the runtime has run.
  public var uptimeNanoseconds: Int64
  /// The number of schedulers with threads from the start.
  public var schedulers: Int
  /// Whether the program lets others end, suspend and resume its processes.
  public var allowsControl: Bool

  /// Makes the value of its parts, each of which means what the property of its name means.
  public init(
    pid: Int32,
    name: String,
    joistVersion: String,
    uptimeNanoseconds: Int64,
    schedulers: Int,
    allowsControl: Bool
  ) {
    self.pid = pid
    self.name = name
    self.joistVersion = joistVersion
    self.uptimeNanoseconds = uptimeNanoseconds
    self.schedulers = schedulers
    self.allowsControl = allowsControl
  }
}

/// The runtime as a whole: its counters, schedulers and histograms at about one moment.
public struct RuntimeDescription: Codable, Sendable, Hashable {
  /// The time of the description on the runtime's clock.
  public var nowNanoseconds: Int64
  /// The number of processes in each state, by the state's name.
  public var processes: [String: Int]
  /// Counters since the start, by name, such as `messagesSent` or `trapsContained`.
  public var counters: [String: Int]
  /// Bytes in use now, by part: `records`, `stacks`, `savedFrames`, `heaps`, `messages`.
  public var memoryBytes: [String: Int]
  /// The schedulers, spare ones included.
  public var schedulers: [SchedulerDescription]
  /// The histograms, by name: `runDelay.max`, `runDelay.high`, `runDelay.normal`, `runDelay.low`, `sliceLength`,
  /// `messageLatency`, `mailboxLength`, `switchTime` and `creationTime`.
  public var histograms: [String: HistogramDescription]

  /// Makes the value of its parts, each of which means what the property of its name means.
  public init(
    nowNanoseconds: Int64,
    processes: [String: Int],
    counters: [String: Int],
    memoryBytes: [String: Int],
    schedulers: [SchedulerDescription],
    histograms: [String: HistogramDescription]
  ) {
    self.nowNanoseconds = nowNanoseconds
    self.processes = processes
    self.counters = counters
    self.memoryBytes = memoryBytes
    self.schedulers = schedulers
    self.histograms = histograms
  }
}

/// One scheduler.
public struct SchedulerDescription: Codable, Sendable, Hashable {
  /// The number of the scheduler.
  public var index: Int
  /// Whether it is a spare one, which stands in for stuck ones.
  public var isSpare: Bool
  /// Whether it is stuck in a process that does not let go of its thread.
  public var isStuck: Bool
  /// The identity of the process that it runs, such as `#12.3`; nil if it runs none.
  public var running: String?
  /// The number of ready processes by priority, `max` first.
  public var queueLengths: [Int]
  /// Slices that it has run, and processes that it took from other schedulers and that others took from it.
  public var slices, migrationsIn, migrationsOut: Int
  /// Attempts to steal, and those that brought a process.
  public var stealAttempts, steals: Int
  /// The nanoseconds that it has spent since the start, by state: `running`, `stealing`, `timers`, `collecting`,
  /// `spinning`, `sleeping` and `overhead`.
  public var timeNanoseconds: [String: Int64]

  /// Makes the value of its parts, each of which means what the property of its name means.
  public init(
    index: Int,
    isSpare: Bool,
    isStuck: Bool,
    running: String?,
    queueLengths: [Int],
    slices: Int,
    migrationsIn: Int,
    migrationsOut: Int,
    stealAttempts: Int,
    steals: Int,
    timeNanoseconds: [String: Int64]
  ) {
    self.index = index
    self.isSpare = isSpare
    self.isStuck = isStuck
    self.running = running
    self.queueLengths = queueLengths
    self.slices = slices
    self.migrationsIn = migrationsIn
    self.migrationsOut = migrationsOut
    self.stealAttempts = stealAttempts
    self.steals = steals
    self.timeNanoseconds = timeNanoseconds
  }
}

/// A histogram with buckets of growing width.
public struct HistogramDescription: Codable, Sendable, Hashable {
  /// One bucket: the number of values that are at most `upperBound` and above the bound of the bucket before it.
  public struct Bucket: Codable, Sendable, Hashable {
    /// The largest value of the bucket.
    public var upperBound: Int64
    /// The number of values in the bucket.
    public var count: Int

    /// Makes the value of its parts, each of which means what the property of its name means.
    public init(upperBound: Int64, count: Int) {
      self.upperBound = upperBound
      self.count = count
    }
  }

  /// The unit of the values: `nanoseconds` or `messages`.
  public var unit: String
  /// The number of values.
  public var count: Int
  /// Their sum, as far as the buckets tell it.
  public var sum: Int64
  /// The buckets that have values, in ascending order of their bounds.
  public var buckets: [Bucket]

  /// Makes the value of its parts, each of which means what the property of its name means.
  public init(unit: String, count: Int, sum: Int64, buckets: [Bucket]) {
    self.unit = unit
    self.count = count
    self.sum = sum
    self.buckets = buckets
  }

  /// Returns the upper bound of the bucket in which that part of the values, from 0 to 1, is reached; nil without
  /// values.
  public func quantile(_ part: Double) -> Int64? {
    guard count > 0 else { return nil }
    var left = max(1, Int((part * Double(count)).rounded(.up)))
    for bucket in buckets {
      left -= bucket.count
      if left <= 0 { return bucket.upperBound }
    }
    return buckets.last?.upperBound
  }
}

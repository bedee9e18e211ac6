// SPDX-License-Identifier: Apache-2.0
//
// The options of a new process, and why a spawn may fail.

/// The options of a new process.
public struct SpawnOptions: Sendable, Hashable {
  /// The memory in which a process keeps its frames.
  public enum Stack: Sendable, Hashable {
    /// A stack slot of the runtime, which other processes may use while this one waits.
    case shared
    /// A stack of the process's own with at least `bytes` bytes.
    ///
    /// It is for bodies that wait for another process natively, or recurse deeply. It costs a mapping, which takes some
    /// microseconds, and at least 64 KiB.
    case dedicated(bytes: Int)
  }

  /// What happens to a message that is sent to a full mailbox.
  public enum WhenFull: Sendable, Hashable {
    /// The sender waits until the message fits: a process parks, a thread blocks.
    ///
    /// `trySend` does not wait, and throws. A process that sends to itself does not wait either: the message is
    /// refused.
    case block
    /// The new message is refused: it is destroyed and counted.
    case dropNewest
    /// The new message is admitted, and the receiver destroys and counts its oldest message that is not urgent.
    ///
    /// Until the receiver runs, the mailbox may exceed its limit by half.
    case dropOldest
    /// The new message is refused: `trySend` and `call` throw, `send` destroys and counts it.
    case fail
  }

  /// The limit of a mailbox.
  public enum Mailbox: Sendable, Hashable {
    /// No limit but the program's memory.
    case unbounded
    /// At most the given number of messages, with at most `bytes` bytes together; each is at least 1.
    ///
    /// `bytes` counts what ``MessageInfo/bytes`` reports. Messages of the runtime itself, such as exit signals, are not
    /// counted and always admitted.
    case bounded(Int = .max, bytes: Int = .max, whenFull: WhenFull)
  }

  /// The name of the process from before it starts until it ends; see ``ProcessRuntime/register(_:as:)``.
  public var name: String?
  /// The priority at which the process is scheduled.
  public var priority: Priority
  /// The limit of the mailbox.
  public var mailbox: Mailbox
  /// The limit of the memory that the runtime keeps for the process, in bytes; nil for no limit.
  ///
  /// It counts the blocks of the private heap at their full size, unreceived messages with 48 bytes each for their
  /// headers, and the frames. Objects of the process itself are `malloc`'s and do not count. A process that exceeds the
  /// limit ends with ``ExitReason/memoryLimit``: at once if it waits, otherwise at its next runtime call. Sending to a
  /// process with a limit takes a lock.
  public var memoryLimit: Int?
  /// The memory in which the process keeps its frames.
  public var stack: Stack
  /// The number of reductions in a slice; nil for the value of ``ProcessRuntime/Configuration/reductionsPerSlice``.
  public var reductionsPerSlice: Int?
  /// Task-local values that are bound while the body of the process runs; nil for none.
  public var taskLocals: TaskLocalValues?

  /// Makes options; every field has a default, and ranges are checked by the spawn.
  public init(
    name: String? = nil,
    priority: Priority = .normal,
    mailbox: Mailbox = .unbounded,
    memoryLimit: Int? = nil,
    stack: Stack = .shared,
    reductionsPerSlice: Int? = nil,
    taskLocals: TaskLocalValues? = nil
  ) {
    self.name = name
    self.priority = priority
    self.mailbox = mailbox
    self.memoryLimit = memoryLimit
    self.stack = stack
    self.reductionsPerSlice = reductionsPerSlice
    self.taskLocals = taskLocals
  }

  /// Checks the range of every option.
  ///
  /// - Throws: ``ConfigurationError`` for the first option that is out of range.
  package func validate() throws(ConfigurationError) {
    if let reductionsPerSlice {
      try ConfigurationError.check("reductionsPerSlice", reductionsPerSlice, in: 1...Limits.maxReductions)
    }
    if case .bounded(let messages, let bytes, _) = mailbox {
      try ConfigurationError.check("mailbox.bounded", messages, in: 1...Int.max)
      try ConfigurationError.check("mailbox.bounded.bytes", bytes, in: 1...Int.max)
    }
    if let memoryLimit { try ConfigurationError.check("memoryLimit", memoryLimit, in: 1...Int.max) }
    if case .dedicated(let bytes) = stack {
      let range = Limits.minSlotBytes...Limits.maxDedicatedBytes
      try ConfigurationError.check("stack.dedicated.bytes", bytes, in: range)
    }
  }
}

/// Why `trySpawn` made no process.
public enum SpawnError: Error, Hashable, CustomStringConvertible {
  /// The runtime's limit of live processes is reached.
  case processLimit(Int)
  /// The program has more bytes in memory than the given limit; see ``ProcessRuntime/Configuration/memoryLimit``.
  case memoryLimit(Int)
  /// The runtime is shutting down.
  case shuttingDown
  /// There is no memory for a dedicated stack.
  case noStack
  /// The process cannot get its name.
  case name(NameError)
  /// An option is out of range.
  case options(ConfigurationError)

  /// The error in one sentence.
  public var description: String {
    switch self {
    case .processLimit(let limit): "the limit of \(limit) processes is reached"
    case .memoryLimit(let limit): "the program has more than \(limit) bytes in memory, its limit for new processes"
    case .shuttingDown: "the runtime is shutting down"
    case .noStack: "there is no memory for the stack"
    case .name(let error): error.description
    case .options(let error): error.description
    }
  }
}

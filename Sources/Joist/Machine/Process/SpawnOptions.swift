// SPDX-License-Identifier: Apache-2.0
//
// How a process is made.

/// How a process is made.
public struct SpawnOptions: Sendable, Hashable {
  /// Where the frames live.
  public enum Stack: Sendable, Hashable {
    /// In a slot of the runtime's, which other processes may use while this one waits.
    case shared
    /// In a stack of the process's own, at least so many bytes: for bodies that wait natively for another process,
    /// or go deep. It costs a mapping, some microseconds, and 64 KiB at least.
    case dedicated(bytes: Int)
  }

  /// What a full mailbox does with one message more.
  public enum WhenFull: Sendable, Hashable {
    /// The sender waits until there is room: a process parks, a thread sleeps. `trySend` does not wait, and throws.
    ///
    /// A process that sends to itself does not wait either: the message is refused.
    case block
    /// The new message is refused: destroyed and counted.
    case dropNewest
    /// The oldest message that is not urgent is thrown away by its receiver, and counted.
    ///
    /// Until the receiver runs, half as many again may lie there.
    case dropOldest
    /// The new message is refused: `trySend` and `call` throw, `send` has it destroyed and counted.
    case fail
  }

  /// How many messages may wait.
  public enum Mailbox: Sendable, Hashable {
    /// As many as memory holds.
    case unbounded
    /// So many messages, of so many bytes together (as `MessageInfo.bytes` counts them): 1 and more.
    ///
    /// What the runtime itself sends, exit signals for instance, is not counted and always let in.
    case bounded(Int = .max, bytes: Int = .max, whenFull: WhenFull)
  }

  /// Its name from before it starts until it ends (``ProcessRuntime/register(_:as:)``).
  public var name: String?
  /// Which queue it waits in.
  public var priority: Priority
  /// How many messages may wait.
  public var mailbox: Mailbox
  /// Bytes of memory that the machine may have to keep for it; nil for no limit.
  ///
  /// The blocks of its private heap as they are, messages that it has not received, with 48 bytes each for their
  /// headers, and its frames. What its own objects take is malloc's, and does not count. A process that has more ends
  /// with ``ExitReason/memoryLimit``, at once where it waits, else at its next call of the runtime. Sending to a
  /// process with a limit takes a lock.
  public var memoryLimit: Int?
  /// Where the frames live.
  public var stack: Stack
  /// Reductions of a slice; nil for the runtime's.
  public var reductionsPerSlice: Int?

  /// Every field has a default.
  public init(
    name: String? = nil,
    priority: Priority = .normal,
    mailbox: Mailbox = .unbounded,
    memoryLimit: Int? = nil,
    stack: Stack = .shared,
    reductionsPerSlice: Int? = nil
  ) {
    self.name = name
    self.priority = priority
    self.mailbox = mailbox
    self.memoryLimit = memoryLimit
    self.stack = stack
    self.reductionsPerSlice = reductionsPerSlice
  }

  /// Throws for figures out of range, naming the field.
  package func validate() throws(ConfigurationError) {
    if let reductionsPerSlice {
      try ConfigurationError.check("reductionsPerSlice", reductionsPerSlice, in: 1...Limits.maxReductions)
    }
    if case .bounded(let messages, let bytes, _) = mailbox {
      try ConfigurationError.check("mailbox.bounded", messages, in: 1...Int.max)
      try ConfigurationError.check("mailbox.bounded.bytes", bytes, in: 1...Int.max)
    }
    if let memoryLimit { try ConfigurationError.check("heapLimit", memoryLimit, in: 1...Int.max) }
    if case .dedicated(let bytes) = stack {
      let range = Limits.minSlotBytes...Limits.maxDedicatedBytes
      try ConfigurationError.check("stack.dedicated.bytes", bytes, in: range)
    }
  }
}

/// Why `trySpawn` made no process.
public enum SpawnError: Error, Hashable, CustomStringConvertible {
  /// So many processes live already.
  case processLimit(Int)
  /// The program has more bytes in memory than that: see ``ProcessRuntime/Configuration/memoryLimit``.
  case memoryLimit(Int)
  /// The runtime is shutting down.
  case shuttingDown
  /// No memory for a stack of its own.
  case noStack
  /// The name cannot be given.
  case name(NameError)
  /// An option is out of its range.
  case options(ConfigurationError)

  /// One sentence.
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

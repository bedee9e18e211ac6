// SPDX-License-Identifier: Apache-2.0
//
// What can be said of one process: a row of a list, and a page of its own.

/// One process, as a row of a list.
public struct ProcessDescription: Codable, Sendable, Hashable {
  /// The identity as text, such as `#12.3`.
  public var id: String
  /// The name; nil if there is none.
  public var name: String?
  /// The state: `created`, `ready`, `running`, `waiting`, `suspended` or `terminated`.
  public var state: String
  /// The priority at which it runs: `max`, `high`, `normal` or `low`.
  public var priority: String
  /// Why it waits, such as `receive` or `call`, and for how long; nil if it does not wait.
  public var waitReason: String?
  /// How long it has waited; nil if it does not wait.
  public var waitingNanoseconds: Int64?
  /// The processor time that it has used, and the time that it was ready and did not run.
  public var cpuNanoseconds, queuedNanoseconds: Int64
  /// Slices that it has run, and messages that it has received and sent.
  public var slices, messagesIn, messagesOut: Int
  /// The number of its waits, by reason.
  public var waits: [String: Int]
  /// The number of unreceived messages now, and the largest number that it has found.
  public var mailbox, longestMailbox: Int
  /// The bytes of memory by part: `record`, `stack`, `heap`, `mailbox` and `other`.
  public var memoryBytes: [String: Int]
  /// The process that spawned it; nil if a thread did.
  public var parent: String?
  /// The function in which it waits or runs, as far as that is known.
  public var function: String?

  /// Makes the value of its parts, each of which means what the property of its name means.
  public init(
    id: String,
    name: String?,
    state: String,
    priority: String,
    waitReason: String?,
    waitingNanoseconds: Int64?,
    cpuNanoseconds: Int64,
    queuedNanoseconds: Int64,
    slices: Int,
    messagesIn: Int,
    messagesOut: Int,
    waits: [String: Int],
    mailbox: Int,
    longestMailbox: Int,
    memoryBytes: [String: Int],
    parent: String?,
    function: String?
  ) {
    self.id = id
    self.name = name
    self.state = state
    self.priority = priority
    self.waitReason = waitReason
    self.waitingNanoseconds = waitingNanoseconds
    self.cpuNanoseconds = cpuNanoseconds
    self.queuedNanoseconds = queuedNanoseconds
    self.slices = slices
    self.messagesIn = messagesIn
    self.messagesOut = messagesOut
    self.waits = waits
    self.mailbox = mailbox
    self.longestMailbox = longestMailbox
    self.memoryBytes = memoryBytes
    self.parent = parent
    self.function = function
  }

  /// The sum of all parts of its memory.
  public var totalMemoryBytes: Int { memoryBytes.values.reduce(0, +) }
}

/// A figure by which processes are sorted.
public enum ProcessFigure: String, Codable, Sendable, Hashable, CaseIterable {
  case cpu, slices, messagesIn, messagesOut, mailbox, memory, queued, waiting
}

/// The first processes of a sorted list.
public struct ProcessList: Codable, Sendable, Hashable {
  /// A process, and how much its figure has grown in the window; without a window the figure itself.
  public struct Row: Codable, Sendable, Hashable {
    /// The process in this row.
    public var process: ProcessDescription
    /// What its figure is, or how much it has grown.
    public var value: Int64

    /// Makes the value of its parts, each of which means what the property of its name means.
    public init(process: ProcessDescription, value: Int64) {
      self.process = process
      self.value = value
    }
  }

  /// The figure by which the list is sorted.
  public var figure: ProcessFigure
  /// The length of the window; zero if the list is sorted by the figures themselves.
  public var windowNanoseconds: Int64
  /// The number of all processes that were looked at, and how long that took.
  public var total: Int
  /// How long the look at all processes took.
  public var tookNanoseconds: Int64
  /// The processes with the largest values, the largest first.
  public var rows: [Row]

  /// Makes the value of its parts, each of which means what the property of its name means.
  public init(figure: ProcessFigure, windowNanoseconds: Int64, total: Int, tookNanoseconds: Int64, rows: [Row]) {
    self.figure = figure
    self.windowNanoseconds = windowNanoseconds
    self.total = total
    self.tookNanoseconds = tookNanoseconds
    self.rows = rows
  }
}

/// One process with everything that is known of it.
public struct ProcessPage: Codable, Sendable, Hashable {
  /// What a list says of the process.
  public var process: ProcessDescription
  /// Its stack, innermost frame first; empty if it cannot be read, as while the process runs.
  public var stack: [StackFrame]
  /// The types of the first unreceived messages, oldest first; never their contents.
  public var mailboxTypes: [String]
  public var links, monitors: [String]
  /// Its supervisor and its name among the supervisor's children, if it has one.
  public var supervisor, childName: String?
  /// The process that it waits for, if it waits for one.
  public var waitsFor: String?
  /// Its last recorded events as text, oldest first.
  public var events: [String]

  /// Makes the value of its parts, each of which means what the property of its name means.
  public init(
    process: ProcessDescription,
    stack: [StackFrame],
    mailboxTypes: [String],
    links: [String],
    monitors: [String],
    supervisor: String?,
    childName: String?,
    waitsFor: String?,
    events: [String]
  ) {
    self.process = process
    self.stack = stack
    self.mailboxTypes = mailboxTypes
    self.links = links
    self.monitors = monitors
    self.supervisor = supervisor
    self.childName = childName
    self.waitsFor = waitsFor
    self.events = events
  }
}

/// One frame of a stack.
public struct StackFrame: Codable, Sendable, Hashable {
  /// The address of the code; a return address except in an innermost frame.
  public var address: UInt
  /// The demangled name of the function, its file and line, and the image that contains it, as far as known.
  public var function, file, image: String?
  /// The line, as far as known.
  public var line: Int?

  /// Makes the value of its parts, each of which means what the property of its name means.
  public init(address: UInt, function: String? = nil, file: String? = nil, image: String? = nil, line: Int? = nil) {
    self.address = address
    self.function = function
    self.file = file
    self.image = image
    self.line = line
  }
}

/// The processes whose stacks are the same.
public struct StackGroup: Codable, Sendable, Hashable {
  /// The number of processes with this stack.
  public var count: Int
  /// What the processes do: a wait reason, or a state.
  public var state: String
  /// The longest time that one of them has waited.
  public var longestWaitNanoseconds: Int64
  /// Their common stack, innermost frame first.
  public var stack: [StackFrame]
  /// A few of the processes.
  public var examples: [String]

  /// Makes the value of its parts, each of which means what the property of its name means.
  public init(count: Int, state: String, longestWaitNanoseconds: Int64, stack: [StackFrame], examples: [String]) {
    self.count = count
    self.state = state
    self.longestWaitNanoseconds = longestWaitNanoseconds
    self.stack = stack
    self.examples = examples
  }
}

/// A node of the supervision tree.
public struct SupervisionNode: Codable, Sendable, Hashable {
  /// The identity as text, such as `#12.3`.
  public var id: String
  /// Its name among its supervisor's children, or else its registered name.
  public var name: String?
  /// Whether it is a supervisor.
  public var isSupervisor: Bool
  /// How often it was started: 1 without a restart.
  public var attempt: Int
  /// The children, if it is a supervisor.
  public var children: [SupervisionNode]

  /// Makes the value of its parts, each of which means what the property of its name means.
  public init(id: String, name: String?, isSupervisor: Bool, attempt: Int, children: [SupervisionNode]) {
    self.id = id
    self.name = name
    self.isSupervisor = isSupervisor
    self.attempt = attempt
    self.children = children
  }
}

/// Processes that wait for each other or for a long time.
public struct WaitList: Codable, Sendable, Hashable {
  /// One process that waits for something that one other process does.
  public struct Edge: Codable, Sendable, Hashable {
    public var waiter, awaited: String
    public var waiterName, awaitedName: String?
    /// `call`, `lock`, `join` or `send`.
    public var kind: String
    /// How long it has waited.
    public var nanoseconds: Int64
    /// Whether the wait has a timeout.
    public var hasTimeout: Bool
    /// The stack, innermost frame first.
    public var stack: [StackFrame]

    /// Makes the value of its parts, each of which means what the property of its name means.
    public init(
      waiter: String,
      awaited: String,
      waiterName: String?,
      awaitedName: String?,
      kind: String,
      nanoseconds: Int64,
      hasTimeout: Bool,
      stack: [StackFrame]
    ) {
      self.waiter = waiter
      self.awaited = awaited
      self.waiterName = waiterName
      self.awaitedName = awaitedName
      self.kind = kind
      self.nanoseconds = nanoseconds
      self.hasTimeout = hasTimeout
      self.stack = stack
    }
  }

  /// A circle of waits.
  public struct Circle: Codable, Sendable, Hashable {
    /// The waits of the circle.
    public var edges: [Edge]
    /// Whether no process of it can continue; otherwise a timeout will end one of the waits, or a reply may still come
    /// from a process outside.
    public var isCertain: Bool

    /// Makes the value of its parts, each of which means what the property of its name means.
    public init(edges: [Edge], isCertain: Bool) {
      self.edges = edges
      self.isCertain = isCertain
    }
  }

  /// A process that may wait forever; a hint, which may be wrong.
  public struct Hint: Codable, Sendable, Hashable {
    /// The process that waits.
    public var process: String
    /// Its name, if it has one.
    public var name: String?
    /// Why it may wait forever, in words.
    public var reason: String
    /// How long it has waited.
    public var nanoseconds: Int64

    /// Makes a hint of what is known of it.
    public init(process: String, name: String?, reason: String, nanoseconds: Int64) {
      self.process = process
      self.name = name
      self.reason = reason
      self.nanoseconds = nanoseconds
    }
  }

  /// Returns the name of a process, if it has one, and its identity.
  package static func label(_ id: String, _ name: String?) -> String { name.map { "\($0) \(id)" } ?? id }

  /// The circles of waits.
  public var circles: [Circle]
  /// The waits for another process that have lasted longest, the longest first.
  public var longest: [Edge]
  /// Processes that may wait forever, those that have waited longest first.
  public var hints: [Hint]
  /// The number of processes that wait, if nothing in the program can wake any of them; nil otherwise.
  public var stalled: Int?

  /// Makes a list of what was found.
  public init(circles: [Circle], longest: [Edge], hints: [Hint] = [], stalled: Int? = nil) {
    self.circles = circles
    self.longest = longest
    self.hints = hints
    self.stalled = stalled
  }
}

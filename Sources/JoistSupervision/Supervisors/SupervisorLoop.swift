// SPDX-License-Identifier: Apache-2.0
//
// The loop of a supervisor's process: it starts the children, then handles one message after another.
//
// The loop never blocks on the start of a child. A child is `starting` until it reports that it has started; only then
// does the loop start the next child of the round. Requests that arrive during the first round, and ends of children
// that have already started, are handled after it. The supervisor ends on an exit signal of its parent, whatever the
// reason, and on an exit signal of any other process that is not its child, unless the reason is `.normal`.
// SV9. A round is a list of children that are started one after another. A child that is put into a later round leaves
//      the earlier round, which skips it.

import Joist

/// The state of a supervisor's process.
struct SupervisorLoop {
  /// Children to be started one after another (SV9).
  struct Round {
    /// The children that have not been started yet.
    var numbers: ArraySlice<Int>
    /// The timer of the delay before the round, if it has one.
    var timer: TimerID?
  }

  let process: ProcessContext<Supervisor.Message>
  let plan: SupervisorPlan
  /// The process that the supervisor is linked to, whose end it follows whatever the reason.
  let parent: ProcessID?
  var table = ChildTable()
  var history = RestartHistory()
  /// The generator of the jitter of restart delays.
  var jitter: SplitMix64
  /// The rounds that are not finished, by number; 0 is the first start of all children.
  var rounds: [Int: Round] = [:]
  var lastRound = 0
  /// Whether the first round is not finished.
  private var isStarting = true
  /// The messages that are handled after the first round.
  var postponed: [Supervisor.Message] = []
  /// The requests that wait for the end of the first round.
  private var startWaiters: [ReplyTo<Void>] = []

  private init(_ plan: SupervisorPlan, _ process: ProcessContext<Supervisor.Message>, parent: ProcessID?) {
    self.process = process
    self.plan = plan
    self.parent = parent
    jitter = plan.backoff.generator
  }

  /// Runs a supervisor in its process; returns only by throwing.
  static func run(
    _ plan: SupervisorPlan,
    _ process: ProcessContext<Supervisor.Message>,
    parent: ProcessID?,
    link: (ProcessContext<Supervisor.Message>) throws -> Void = { _ in },
    whenStarted: () -> Void
  ) throws {
    process.trapExits { .init(.exited($0)) }
    try link(process)
    try plan.check()
    var loop = SupervisorLoop(plan, process, parent: parent)
    try loop.startAll()
    whenStarted()
    try loop.finishStart()
    while true { try loop.handle(try process.receive().mail) }
  }

  /// Starts all children as round 0, and returns when all have started.
  private mutating func startAll() throws {
    let numbers = plan.children.map { table.add(ChildEntry($0, .waiting(round: 0, at: plan.clock()))) }
    rounds[0] = Round(numbers: numbers[...])
    try advance(0)
    while rounds[0] != nil {
      let message = try process.receive()
      switch message.mail {
      case .start, .restart, .terminate, .delete: postponed.append(message)
      case .exited(let signal) where isRunning(signal.process): postponed.append(message)
      default: try handle(message.mail)
      }
    }
  }

  /// Returns whether the process is that of a child that has started.
  private func isRunning(_ id: ProcessID?) -> Bool {
    guard let id, let number = table.number(of: id) else { return false }
    return table[number]?.status == .running
  }

  /// Answers the callers that wait for the start, then handles the postponed messages.
  private mutating func finishStart() throws {
    isStarting = false
    for waiter in startWaiters { waiter.send() }
    startWaiters = []
    while !postponed.isEmpty { try handle(postponed.removeFirst().mail) }
  }

  private mutating func handle(_ mail: Supervisor.Message.Mail) throws {
    switch mail {
    case .exited(let signal): try take(signal)
    case .childStarted(let id): try hasStarted(id)
    case .roundDue(let round): try advance(round)
    case .killDue(let id): kill(id)
    case .down: break
    case .awaitStart(let reply): if isStarting { startWaiters.append(reply) } else { reply.send() }
    case .children(let reply): reply.send(table.all.map(\.info))
    case .count(let reply): reply.send(count)
    case .start(let child, let reply): try start(child, reply)
    case .restart(let name, let reply): try restart(name, reply)
    case .terminate(let name, let reply): try terminate(name, reply)
    case .delete(let name, let reply): delete(name, reply)
    }
  }

  /// Handles an exit signal: of a child, of the parent, or of any other process, whose normal end is ignored.
  private mutating func take(_ signal: ExitSignal) throws {
    if let id = signal.process, let number = table.unbind(id) {
      try ended(number, signal.reason)
    } else if signal.process != nil && signal.process == parent {
      try end(becauseOf: signal)
    } else if case .normal = signal.reason {
      return
    } else {
      try end(becauseOf: signal)
    }
  }

  /// Ends all children, then this process, for the reason of the signal.
  private mutating func end(becauseOf signal: ExitSignal) throws -> Never {
    try stopAll()
    try process.exit(becauseOf: signal)
  }

  /// Ends all children, then this process, for that reason.
  mutating func end(_ reason: ExitReason) throws -> Never {
    try stopAll()
    try process.exit(reason)
  }
}

// MARK: - Starting

extension SupervisorLoop {
  /// Starts the next child of a round; called when the previous one has started.
  mutating func advance(_ round: Int) throws {
    while let number = rounds[round]?.numbers.popFirst() {
      guard case .waiting(round, _, _) = table[number]?.status else { continue }  // SV9
      return try launch(number, in: round)
    }
    rounds[round] = nil
  }

  /// Creates the process of a child.
  private mutating func launch(_ number: Int, in round: Int) throws {
    guard var entry = table[number] else { return }
    entry.status = .starting(round: round)
    entry.startedAt = plan.clock()
    if round > 0 && entry.startReply == nil { entry.restarts += 1 }
    table[number] = entry
    do {
      table.bind(number, try entry.child.launch(process, entry.restarts + 1))
    } catch {
      try failed(number, entry, in: round, .error(error))
    }
  }

  /// Starts a single child, as a round of its own, for a request.
  mutating func launch(_ number: Int, _ reply: StartReply) throws {
    lastRound += 1
    table[number]?.startReply = reply
    table[number]?.status = .waiting(round: lastRound, at: plan.clock())
    rounds[lastRound] = Round(numbers: [number])
    try advance(lastRound)
  }

  /// Marks a child as running, answers the request that waits for it, and continues its round.
  private mutating func hasStarted(_ id: ProcessID) throws {
    guard let number = table.number(of: id), var entry = table[number],
      case .starting(let round) = entry.status
    else { return }
    entry.status = .running
    let reply = entry.startReply
    entry.startReply = nil
    entry.isNew = false
    table[number] = entry
    reply?.send(.success(entry.info))
    try advance(round)
  }

  /// Keeps a child that is not needed without a process, and continues its round.
  mutating func ignored(_ number: Int, _ entry: ChildEntry, in round: Int) throws {
    var entry = entry
    let reply = entry.startReply
    entry.status = .ended
    entry.startReply = nil
    entry.isNew = false
    table[number] = entry
    if plan.isDynamic || entry.child.restart == .temporary { forget(number) }
    reply?.send(.success(entry.info))
    try advance(round)
  }

  /// Handles the failure of a child to start.
  ///
  /// In the first round the supervisor ends. A child that was started on request is not tried again. Any other child is
  /// restarted as the rules say.
  mutating func failed(_ number: Int, _ entry: ChildEntry, in round: Int, _ reason: ExitReason) throws {
    let error = SupervisorError.startFailed(child: entry.child.name, reason)
    if round == 0 {
      try stopAll()
      throw error
    }
    rounds[round] = nil  // SV9: the rest of the round joins the round in which this child is tried again.
    guard let reply = entry.startReply else { return try react(number, reason, hadStarted: false) }
    if entry.isNew {
      table.remove(number)
    } else {
      table[number]?.status = .ended
      table[number]?.startReply = nil
    }
    reply.send(.failure(error))
  }
}

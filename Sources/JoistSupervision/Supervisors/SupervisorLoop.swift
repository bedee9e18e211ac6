// SPDX-License-Identifier: Apache-2.0
//
// A supervisor at work: it starts its children, then reacts to one message after the other.
// SV8. It waits for nobody's start: a child is `starting` until it says that it has started, and only then the next
//      one of its round is started. What others ask while the first round starts is answered after it, and ends of
//      those that have started are seen to then.
// SV9. A round is a list of children that are started one after the other. A child that is put into a later round
//      leaves the earlier one, which passes it over.
// SV10. It ends on an exit signal of its parent, whatever the reason; of anybody else who is no child of it, unless the
//       reason is `.normal`.

import Joist

struct SupervisorLoop {
  /// Children that are to be started one after the other.
  struct Round {
    var numbers: ArraySlice<Int>
    /// When there is a wait before.
    var timer: TimerID?
  }

  let process: ProcessContext<Supervisor.Message>
  let plan: SupervisorPlan
  let parent: ProcessID?
  var table = ChildTable()
  var history = RestartHistory()
  var jitter: SplitMix64
  var rounds: [Int: Round] = [:]
  var lastRound = 0
  /// The first round is not over.
  private var isStarting = true
  /// What came meanwhile (SV8).
  var postponed: [Supervisor.Message] = []
  private var startWaiters: [ReplyTo<Void>] = []

  private init(_ plan: SupervisorPlan, _ process: ProcessContext<Supervisor.Message>, parent: ProcessID?) {
    self.process = process
    self.plan = plan
    self.parent = parent
    jitter = plan.backoff.generator
  }

  /// The body of a supervisor's process; returns by throwing.
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

  /// Whether it is a child that has started.
  private func isRunning(_ id: ProcessID?) -> Bool {
    guard let id, let number = table.number(of: id) else { return false }
    return table[number]?.status == .running
  }

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

  private mutating func take(_ signal: ExitSignal) throws {
    if let id = signal.process, let number = table.unbind(id) {
      try ended(number, signal.reason)
    } else if signal.process != nil && signal.process == parent {
      try end(becauseOf: signal)
    } else if case .normal = signal.reason {
      return  // SV10
    } else {
      try end(becauseOf: signal)
    }
  }

  /// Ends all children, and itself for the signal's reason.
  private mutating func end(becauseOf signal: ExitSignal) throws -> Never {
    try stopAll()
    try process.exit(becauseOf: signal)
  }

  /// Ends all children, and itself for that reason.
  mutating func end(_ reason: ExitReason) throws -> Never {
    try stopAll()
    try process.exit(reason)
  }
}

// MARK: - Starting

extension SupervisorLoop {
  /// Starts the next child of a round, if its last one has started (SV8).
  mutating func advance(_ round: Int) throws {
    while let number = rounds[round]?.numbers.popFirst() {
      guard case .waiting(round, _, _) = table[number]?.status else { continue }  // SV9
      return try launch(number, in: round)
    }
    rounds[round] = nil
  }

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

  /// Starts a child alone, as somebody has asked.
  mutating func launch(_ number: Int, _ reply: StartReply) throws {
    lastRound += 1
    table[number]?.startReply = reply
    table[number]?.status = .waiting(round: lastRound, at: plan.clock())
    rounds[lastRound] = Round(numbers: [number])
    try advance(lastRound)
  }

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

  /// A child has not started.
  mutating func failed(_ number: Int, _ entry: ChildEntry, in round: Int, _ reason: ExitReason) throws {
    let error = SupervisorError.startFailed(child: entry.child.name, reason)
    if round == 0 {
      try stopAll()
      throw error
    }
    rounds[round] = nil  // SV9: the rest of it goes into the round in which this child is tried again.
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

// SPDX-License-Identifier: Apache-2.0
//
// A process's own view of itself. Each call checks that its process is the one that runs here: the compiler keeps a
// context in its process, but for a few known holes.

import Synchronization

/// What a body is given: the process's own view of itself.
///
/// Not `Sendable`, so it cannot leave its process; used by anybody else, every call stops the program with a sentence.
///
/// The calls that may switch to another process are those that throw ``ProcessExit``, and `blocking`. Nothing else
/// does. In particular `send` and `spawn` never wait.
public struct ProcessContext<Message: ~Copyable> {
  @usableFromInline let record: Handle<ProcessRecord>
  /// Which process of the record it is.
  @usableFromInline let generation: UInt32

  // Ordering: its own (R9).
  init(_ record: Handle<ProcessRecord>) {
    self.record = record
    generation = record.it.generation.load(ordering: .relaxed)
  }
}

@available(*, unavailable, message: "a process's context stays in its process; pass `process.ref` instead")
extension ProcessContext: Sendable where Message: ~Copyable {}

// MARK: - Itself

extension ProcessContext where Message: ~Copyable {
  /// This process.
  public var id: ProcessID {
    _ = record.here(generation)
    return record.it.identity
  }

  /// This process's address, to give away.
  public var ref: ProcessRef<Message> { ProcessRef(record: record, id: id) }

  /// Ends this process: throws, so that `defer` runs.
  public func exit(_ reason: ExitReason = .normal) throws(ProcessExit) -> Never {
    _ = record.here(generation)
    throw ProcessExit(reason: reason)
  }

  /// Goes to the back of its queue: the rest of the slice is given up.
  ///
  /// Does not allocate.
  public func yield() throws(ProcessExit) {
    let scheduler = record.here(generation)
    if scheduler.it.pendingWork.contains(.place) { scheduler.reachPlace() }
    _ = record.leaveTo(.yielded, scheduler)
    try record.seeWhatOthersWant()
  }

  /// Counts work done in pure Swift, so that a long computation shares its scheduler: call it once a turn of a loop
  /// with about what the turn costs (a call of a small function is 1).
  ///
  /// At the end of the slice it yields.
  public func reduce(_ reductions: Int) throws(ProcessExit) {
    let cost = Int32(truncatingIfNeeded: min(max(0, reductions), Int(Cost.most)))
    if !record.paysQuickly(generation, cost) { try record.pay(generation, cost) }
  }

  /// Parks for so long, at least; zero and less is a `yield`.
  ///
  /// Any duration works; centuries are for ever.
  public func sleep(for duration: Duration) throws(ProcessExit) {
    var scheduler = try record.suspensionPoint(generation, cost: Cost.park)
    guard record.armWait(duration, on: scheduler) else { return try yield() }
    defer { Scheduler.current!.disarm(record) }
    while !record.isOverdue(on: scheduler) {
      record.wait(.sleep, on: scheduler)
      scheduler = try record.suspensionPoint(generation, cost: 0)
    }
  }

  /// Runs the closure on a thread that may block, and parks the process meanwhile; gives back what it returns or
  /// throws.
  ///
  /// The closure may do anything that holds up a thread. No call of a process's context is allowed in it. The wait is
  /// not ended by an exit: that is thrown by the next call.
  public func blocking<Result: ~Copyable, Failure: Error>(
    _ body: sending @escaping () throws(Failure) -> sending Result
  ) throws(Failure) -> sending Result {
    _ = record.here(generation)
    record.charge(Cost.park)
    let job = BlockingJob(body)
    record.runBlocking(job)
    return try job.takeResult()
  }
}

// MARK: - Receiving

extension ProcessContext where Message: ~Copyable {
  /// Waits for the next message.
  @inlinable
  public func receive() throws(ProcessExit) -> sending Message {
    if let node = try record.nextMessage(generation) { return node.open(as: Message.self) }
    return try record.awaitMessage().open(as: Message.self)
  }

  /// Waits so long; nil when nothing came.
  ///
  /// With zero or less it only looks.
  @inlinable
  public func receive(timeout: Duration) throws(ProcessExit) -> sending Message? {
    guard let node = try record.nextMessage(generation, within: timeout) else { return nil }
    return node.open(as: Message.self)
  }

  /// Waits until there is a message, which stays, and keeps as little memory as possible meanwhile.
  ///
  /// The frames are copied out, which costs some microseconds, and the pages of the stack go back to the system. For
  /// processes that will be idle for long; one with a stack of its own only waits.
  public func hibernate() throws(ProcessExit) { try record.hibernate(generation) }

  /// Takes another priority, from its next turn in a queue on.
  public func setPriority(_ priority: Priority) {
    _ = record.here(generation)
    record.changePriority(priority)
  }

  /// How many messages wait.
  public var messageCount: Int {
    _ = record.here(generation)
    record.collectMail()
    return Int(record.it.mailbox.count)
  }

  /// Destroys what is in the mailbox and says how many there were.
  @discardableResult
  public func flush() -> Int {
    _ = record.here(generation)
    record.collectMail()
    let count = record.destroyMail()
    record.charge(Int32(min(count, Int(Cost.most))) &* Cost.destroyMessage)
    return count
  }
}

// MARK: - Spawning

extension ProcessContext where Message: ~Copyable {
  /// The runtime that it lives on, for its statistics and its other processes.
  @usableFromInline var core: Handle<RuntimeCore> { record.here(generation).it.runtime }

  @usableFromInline
  func make(_ request: SpawnRequest) throws(SpawnError) -> Spawned { try core.spawn(request) }

  /// Makes a process; what the body captures moves into it.
  ///
  /// Does not allocate but what the closure itself needs. At the limit, or while the runtime shuts down, the ref is
  /// of a process that is dead already; `trySpawn` says so.
  @inlinable @discardableResult
  public func spawn<M: ~Copyable>(
    _ type: M.Type,
    _ body: sending @escaping (ProcessContext<M>) throws -> Void
  ) -> ProcessRef<M> {
    ProcessRef(record.spawnPlain(generation, Body(body).untyped))
  }

  /// Makes a process without a mailbox.
  @inlinable @discardableResult
  public func spawn(_ body: sending @escaping (ProcessContext<Never>) throws -> Void) -> ProcessRef<Never> {
    ProcessRef(record.spawnPlain(generation, Body(body)))
  }

  /// Makes a process with options.
  @inlinable @discardableResult
  public func spawn<M: ~Copyable>(
    _ type: M.Type,
    options: SpawnOptions,
    _ body: sending @escaping (ProcessContext<M>) throws -> Void
  ) -> ProcessRef<M> {
    ProcessRef(try? make(SpawnRequest(options, body)))
  }

  /// Makes a process with options and without a mailbox.
  @inlinable @discardableResult
  public func spawn(
    options: SpawnOptions,
    _ body: sending @escaping (ProcessContext<Never>) throws -> Void
  ) -> ProcessRef<Never> {
    ProcessRef(try? make(SpawnRequest(options, body)))
  }

  /// As `spawn`, but throws a ``SpawnError`` where no process can be made.
  @inlinable @discardableResult
  public func trySpawn<M: ~Copyable>(
    _ type: M.Type,
    options: SpawnOptions = .init(),
    _ body: sending @escaping (ProcessContext<M>) throws -> Void
  ) throws(SpawnError) -> ProcessRef<M> {
    ProcessRef(try make(SpawnRequest(options, body)))
  }
}

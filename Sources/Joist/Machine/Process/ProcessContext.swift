// SPDX-License-Identifier: Apache-2.0
//
// A process's own view of itself. The compiler keeps a context inside its process, apart from a few known holes, so
// each call also checks that its process is the one that runs on this thread.

import Synchronization

/// A process's own view of itself, which its body receives as an argument.
///
/// A context is not `Sendable`, so it cannot leave its process. A call by another process or thread, or by a `blocking`
/// closure, traps.
///
/// Of its calls only those that throw ``ProcessExit``, and ``blocking(_:)``, may switch to another process. In
/// particular `spawn` never waits. ``ProcessRef/send(_:urgent:)`` waits only for a full mailbox with
/// ``SpawnOptions/WhenFull/block``.
public struct ProcessContext<Message: ~Copyable> {
  @usableFromInline let record: Handle<ProcessRecord>
  /// The generation of the record that stands for this process.
  @usableFromInline let generation: UInt32

  // Ordering: relaxed. The process reads its own generation (R9).
  init(_ record: Handle<ProcessRecord>) {
    self.record = record
    generation = record.it.generation.load(ordering: .relaxed)
  }
}

@available(*, unavailable, message: "a process's context stays in its process; pass `process.ref` instead")
extension ProcessContext: Sendable where Message: ~Copyable {}

// MARK: - Itself

extension ProcessContext where Message: ~Copyable {
  /// The identity of this process.
  public var id: ProcessID {
    _ = record.here(generation)
    return record.it.identity
  }

  /// The address of this process, to send to other processes and threads.
  public var ref: ProcessRef<Message> { ProcessRef(record: record, id: id) }

  /// Ends this process by throwing, so that its `defer` blocks run.
  ///
  /// The process ends when its body lets the error pass. Does not park.
  ///
  /// - Parameter reason: Why the process ends, as its links and monitors are told.
  /// - Throws: Always a ``ProcessExit`` with `reason`.
  public func exit(_ reason: ExitReason = .normal) throws(ProcessExit) -> Never {
    _ = record.here(generation)
    throw ProcessExit(reason: reason)
  }

  /// Gives up the rest of the slice and moves this process to the back of its run queue.
  ///
  /// Returns when the process is scheduled again, possibly on another thread. Does not allocate.
  ///
  /// - Throws: ``ProcessExit`` if the process was told to exit.
  public func yield() throws(ProcessExit) {
    let scheduler = record.here(generation)
    if scheduler.it.pendingWork.contains(.schedulePoint) { scheduler.reachSchedulePoint() }
    _ = record.leaveTo(.yielded, scheduler)
    try record.seeWhatOthersWant()
  }

  /// Charges this process for computation, and yields when its slice is used up.
  ///
  /// A long computation calls this once per loop iteration so that it shares its scheduler. Does not allocate; while
  /// the slice lasts it costs a few instructions.
  ///
  /// - Parameter reductions: The cost of the work done since the last call. Calling a small function costs about 1.
  /// - Throws: ``ProcessExit`` if the process was told to exit.
  public func reduce(_ reductions: Int) throws(ProcessExit) {
    let cost = Int32(truncatingIfNeeded: min(max(0, reductions), Int(Cost.most)))
    if !record.paysQuickly(generation, cost) { try record.pay(generation, cost) }
  }

  /// Parks this process for at least `duration`.
  ///
  /// Zero or a negative duration is a ``yield()``. A duration beyond the clock's range waits forever. A process's first
  /// wait with a timeout may allocate a timer.
  ///
  /// - Throws: ``ProcessExit`` if the process was told to exit, which ends the wait.
  public func sleep(for duration: Duration) throws(ProcessExit) {
    var scheduler = try record.suspensionPoint(generation, cost: Cost.park)
    guard record.armWait(duration, on: scheduler) else { return try yield() }
    defer { Scheduler.current!.disarm(record) }
    while !record.isOverdue(on: scheduler) {
      record.wait(.sleep, on: scheduler)
      scheduler = try record.suspensionPoint(generation, cost: 0)
    }
  }

  /// Runs a closure on a thread that may block, and parks this process until the closure has returned.
  ///
  /// The closure may do anything that holds up a thread. It must not use a process's context. An exit does not end the
  /// wait: the next call throws it. If all ``ProcessRuntime/Configuration/blockingThreads`` are busy, the closure waits
  /// for one.
  ///
  /// - Parameter body: The closure. What it captures moves to the other thread.
  /// - Returns: What the closure returns.
  /// - Throws: What the closure throws.
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
  /// Takes the next message out of the mailbox, and parks this process until there is one.
  ///
  /// Does not allocate.
  ///
  /// - Throws: ``ProcessExit`` if the process was told to exit, which ends the wait.
  @inlinable
  public func receive() throws(ProcessExit) -> sending Message {
    if let node = try record.nextMessage(generation) { return node.open(as: Message.self) }
    return try record.awaitMessage().open(as: Message.self)
  }

  /// Takes the next message out of the mailbox, and parks this process for at most `timeout` until there is one.
  ///
  /// With a timeout of zero or less it does not wait. A process's first wait with a timeout may allocate a timer.
  ///
  /// - Returns: The message, or nil if none arrived in time.
  /// - Throws: ``ProcessExit`` if the process was told to exit, which ends the wait.
  @inlinable
  public func receive(timeout: Duration) throws(ProcessExit) -> sending Message? {
    guard let node = try record.nextMessage(generation, within: timeout) else { return nil }
    return node.open(as: Message.self)
  }

  /// Parks this process until there is a message, and keeps as little memory as possible meanwhile.
  ///
  /// The message stays in the mailbox. The frames are copied out, which costs some microseconds, and the pages of the
  /// stack go back to the system. This is for processes that will be idle for long. A process with a dedicated stack
  /// only waits.
  ///
  /// - Throws: ``ProcessExit`` if the process was told to exit, which ends the wait.
  public func hibernate() throws(ProcessExit) { try record.hibernate(generation) }

  /// Gives this process another priority, which holds from the next time it is queued.
  ///
  /// Does not park.
  public func setPriority(_ priority: Priority) {
    _ = record.here(generation)
    record.changePriority(priority)
  }

  /// The number of messages in the mailbox.
  ///
  /// Moves arrived messages from the inbox into the mailbox first.
  public var messageCount: Int {
    _ = record.here(generation)
    record.collectMail()
    return Int(record.it.mailbox.count)
  }

  /// Destroys all messages in the mailbox.
  ///
  /// Charges one reduction per message. Does not park.
  ///
  /// - Returns: The number of messages destroyed.
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
  /// The runtime of this process, which has the statistics and the other processes.
  @usableFromInline var core: Handle<RuntimeCore> { record.here(generation).it.runtime }

  @usableFromInline
  func make(_ request: SpawnRequest) throws(SpawnError) -> Spawned { try core.spawn(request) }

  /// Starts a process that runs `body`.
  ///
  /// What the body captures moves into the new process. Does not park, and allocates only what the closure itself
  /// needs. At the process limit, or while the runtime shuts down, the returned reference is that of a process that has
  /// already ended; ``trySpawn(_:options:_:)`` throws instead.
  ///
  /// - Parameters:
  ///   - type: The type of the messages that the process receives.
  ///   - body: What the process runs; the process ends when it returns or throws.
  /// - Returns: The address of the new process.
  @inlinable @discardableResult
  public func spawn<M: ~Copyable>(
    _ type: M.Type,
    _ body: sending @escaping (ProcessContext<M>) throws -> Void
  ) -> ProcessRef<M> {
    ProcessRef(record.spawnPlain(generation, Body(body).untyped))
  }

  /// Starts a process that receives no messages; see ``spawn(_:_:)``.
  @inlinable @discardableResult
  public func spawn(_ body: sending @escaping (ProcessContext<Never>) throws -> Void) -> ProcessRef<Never> {
    ProcessRef(record.spawnPlain(generation, Body(body)))
  }

  /// Starts a process with options; see ``spawn(_:_:)``.
  ///
  /// Options out of range, a name that is taken and a missing dedicated stack also lead to a reference to a process
  /// that has already ended. A dedicated stack costs a system call.
  @inlinable @discardableResult
  public func spawn<M: ~Copyable>(
    _ type: M.Type,
    options: SpawnOptions,
    _ body: sending @escaping (ProcessContext<M>) throws -> Void
  ) -> ProcessRef<M> {
    ProcessRef(try? make(SpawnRequest(options, body)))
  }

  /// Starts a process with options that receives no messages; see ``spawn(_:options:_:)``.
  @inlinable @discardableResult
  public func spawn(
    options: SpawnOptions,
    _ body: sending @escaping (ProcessContext<Never>) throws -> Void
  ) -> ProcessRef<Never> {
    ProcessRef(try? make(SpawnRequest(options, body)))
  }

  /// Starts a process that runs `body`, or throws if that is not possible.
  ///
  /// Does not park. If it throws, nothing remains of the process, and the body is destroyed.
  ///
  /// - Parameters:
  ///   - type: The type of the messages that the process receives.
  ///   - options: The name, priority, limits and stack of the process.
  ///   - body: What the process runs; the process ends when it returns or throws.
  /// - Returns: The address of the new process.
  /// - Throws: ``SpawnError`` with the reason.
  @inlinable @discardableResult
  public func trySpawn<M: ~Copyable>(
    _ type: M.Type,
    options: SpawnOptions = .init(),
    _ body: sending @escaping (ProcessContext<M>) throws -> Void
  ) throws(SpawnError) -> ProcessRef<M> {
    ProcessRef(try make(SpawnRequest(options, body)))
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// Spawning: a body becomes a process. That takes a record, moves it from created to ready, puts it in the queue of its
// priority, and notifies an idle scheduler. The process gets its stack slot and first frame when it first runs (`Run`).
// So a process that never waits leaves no trace in any slot.

import CJoist
import Synchronization

/// The arguments of a spawn, without the type of the messages.
@usableFromInline
struct SpawnRequest {
  @usableFromInline var options: SpawnOptions
  @usableFromInline var body: Body<Never>
  /// The type of the messages, if the process has a name.
  @usableFromInline var type: MessageType?

  @inlinable
  init<M: ~Copyable>(_ options: SpawnOptions, _ body: sending @escaping (ProcessContext<M>) throws -> Void) {
    self.options = options
    if let values = options.taskLocals {
      self.body = Body<M> { process in try values.bind { try body(process) } }.untyped
    } else {
      self.body = Body(body).untyped
    }
    if options.name != nil { type = MessageType(M.self) }
  }
}

/// A new process and its identity; by now it may have ended, and its record may belong to another one.
@usableFromInline
struct Spawned {
  let record: ProcessHandle
  let id: ProcessID
}

extension Handle<ProcessRecord> {
  /// Makes a process without options, the short way of a process that spawns; returns nil if that is not possible.
  @usableFromInline
  func spawnPlain(_ generation: UInt32, _ body: consuming Body<Never>) -> Spawned? {
    spawnPlain(generation, body) { _ in }
  }

  /// Makes a process likewise, and calls `tie` before any other process or thread can know of it or run it.
  @inline(__always)
  func spawnPlain(
    _ generation: UInt32,
    _ body: consuming Body<Never>,
    tie: (ProcessHandle) -> Void
  ) -> Spawned? {
    let scheduler = here(generation)
    let core = scheduler.it.runtime
    guard !core.it.shutdown.isRefusing, !core.it.memory.isShort, let process = core.takeRecord(scheduler) else {
      return nil
    }
    let start = scheduler.creationStart
    process.prepare(body, .normal, scheduler.it.sliceLength, parent: it.identity.bits)
    process.it.flags = []
    if it.hasToken { process.inheritToken(of: self) }
    charge(Cost.spawn)
    noteHandOn(isPaid: true)
    scheduler.notifyDeferred()
    let spawned = Spawned(record: process, id: process.it.identity)
    // What may fail for lack of memory comes before the process exists.
    tie(process)
    scheduler.it.counters.processesCreated.add()
    process.it.beginAnew()
    process.it.transition(.create)
    scheduler.record(.spawned, process)
    scheduler.enqueue(process)
    if start != 0 { scheduler.noteCreation(since: start) }
    core.look(after: spawned)
    return spawned
  }

  /// Initialises the record for its next process; the last one has left the mail empty.
  // Ordering: relaxed. It is published with the rest of the record when the process is made ready (R9).
  @inline(__always)
  fileprivate func prepare(
    _ body: consuming Body<Never>,
    _ priority: Priority,
    _ sliceLength: Int32,
    parent: UInt64
  ) {
    it.identity = id
    it.priority = priority
    it.level = priority
    it.sliceLength = sliceLength
    bodyPlace.put(body)
    it.signals.reset()
    it.inbox.begin()
    it.beginMail()
    it.wait.store(0, ordering: .relaxed)
    it.usage.reset(parent: parent)
  }
}

extension Handle<RuntimeCore> {
  /// Makes a process, or throws the reason why not and destroys the body.
  ///
  /// Calls `tie` before any other process or thread can know of the process or run it.
  func spawn(_ request: SpawnRequest, tie: (ProcessHandle) -> Void = { _ in }) throws(SpawnError) -> Spawned {
    Scheduler.beginCall()
    do { try request.options.validate() } catch { throw .options(error) }
    let scheduler = Scheduler.current.flatMap { $0.it.runtime == self ? $0 : nil }
    guard !it.shutdown.isRefusing else { throw .shuttingDown }
    if it.memory.isShort && isReallyShortOfMemory() { throw .memoryLimit(it.memory.ceiling) }
    guard let process = takeRecord(scheduler) else { throw .processLimit(it.configuration.processLimit) }
    let options = request.options
    try provideStack(process, options.stack)
    let slice = options.reductionsPerSlice ?? it.configuration.reductionsPerSlice
    let parent = scheduler?.it.running?.it.identity.bits ?? 0
    process.prepare(request.body, options.priority, Int32(slice), parent: parent)
    process.it.flags = process.it.slot == nil ? [] : .onStack
    process.bound(options.mailbox, memoryLimit: options.memoryLimit)
    try provideName(process, request)
    if let spawner = Scheduler.current?.it.running {
      spawner.charge(Cost.spawn)
      spawner.noteHandOn(isPaid: true)
      if spawner.it.hasToken { process.inheritToken(of: spawner) }
    }
    let spawned = Spawned(record: process, id: process.it.identity)
    tie(process)
    if let scheduler { scheduler.it.counters.processesCreated.add() } else { it.counters.processesCreated.add() }
    process.it.beginAnew()
    process.it.transition(.create)
    scheduler?.record(.spawned, process)
    process.makeReady(from: scheduler)
    look(after: spawned)
    return spawned
  }

  /// Gives the process a dedicated stack if its options ask for one.
  private func provideStack(_ process: ProcessHandle, _ stack: SpawnOptions.Stack) throws(SpawnError) {
    guard case .dedicated(let bytes) = stack else { return }
    guard let slot = Handle<StackSlot>.dedicated(bytes: bytes, on: it.platform) else {
      giveBack(process)
      throw .noStack
    }
    process.it.slot = slot
    slot.it.lay(process, entry: .main)
    it.slots.add(slot, for: process)
  }

  /// Gives the process its name, if it is to have one.
  ///
  /// It comes last, because a thread that finds the name may send to the process at once.
  private func provideName(_ process: ProcessHandle, _ request: SpawnRequest) throws(SpawnError) {
    guard let name = request.options.name, let type = request.type else { return }
    do {
      try it.names.add(name, process, process.it.identity, type)
    } catch {
      withdraw(process)
      throw .name(error)
    }
  }

  /// Takes back what a process was given that no other thread knows of, and destroys its body.
  private func withdraw(_ process: ProcessHandle) {
    let body = process.bodyPlace.take()
    _ = process.it.inbox.end()
    if process.hasExtras { process.extras().it.memoryLimit = .max }
    process.it.flags = []
    if let slot = process.it.slot {
      process.it.slot = nil
      _ = slot.it.endFrames()
      it.slots.releaseDedicated(slot)
    }
    giveBack(process)
    // Last, because what it captured may have a `deinit` that traps.
    withExtendedLifetime(body) {}
  }

  /// Returns a record that was not used.
  private func giveBack(_ process: ProcessHandle) {
    var back = RecordCache()
    back.put(process)
    it.table.put(&back)
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// The first arrow: a body becomes a process. Memory for the record, the record, CREATED, READY in the queue of its
// priority, an idle scheduler told. Its slot and first frame come when it first runs (`Run`), so that a process that
// never has to wait leaves no trace in any.

import CJoist
import Synchronization

/// What a spawn needs to know, without the type of its messages.
@usableFromInline
struct SpawnRequest {
  @usableFromInline var options: SpawnOptions
  @usableFromInline var body: Body<Never>
  /// Of its messages, where it may have a name.
  @usableFromInline var type: MessageType?

  @inlinable
  init<M: ~Copyable>(_ options: SpawnOptions, _ body: sending @escaping (ProcessContext<M>) throws -> Void) {
    self.options = options
    self.body = Body(body).untyped
    if options.name != nil { type = MessageType(M.self) }
  }
}

/// A process that was made, and which one it is: by now it may have ended, and its record be another's.
@usableFromInline
struct Spawned {
  let record: ProcessHandle
  let id: ProcessID
}

extension Handle<ProcessRecord> {
  /// Makes a process that wants nothing special: the short way, for a process that spawns; nil where it cannot be made.
  @usableFromInline
  func spawnPlain(_ generation: UInt32, _ body: consuming Body<Never>) -> Spawned? {
    spawnPlain(generation, body) { _ in }
  }

  /// Likewise, and `tie` is done before anybody can know of it or run it.
  @inline(__always)
  func spawnPlain(
    _ generation: UInt32,
    _ body: consuming Body<Never>,
    tie: (ProcessHandle) -> Void
  ) -> Spawned? {
    let scheduler = here(generation)
    let core = scheduler.it.runtime
    guard !core.it.ending.isRefusing, !core.it.memory.isShort, let process = core.takeRecord(scheduler) else {
      return nil
    }
    process.prepare(body, .normal, scheduler.it.sliceLength)
    process.it.flags = []
    charge(Cost.spawn)
    scheduler.signalDeferred()
    let spawned = Spawned(record: process, id: process.it.identity)
    // What may fail for want of memory comes before there is a process.
    tie(process)
    scheduler.it.counters.processesCreated.add()
    process.it.beginAnew()
    process.it.transition(.create)
    scheduler.enqueue(process)
    core.look(after: spawned)
    return spawned
  }

  /// Initialises the record for its next process; its mail is as the last one left it, empty.
  // Ordering: relaxed; published with the rest of the record when the process is made ready (R9).
  @inline(__always)
  fileprivate func prepare(_ body: consuming Body<Never>, _ priority: Priority, _ sliceLength: Int32) {
    it.identity = id
    it.priority = priority
    it.level = priority
    it.sliceLength = sliceLength
    bodyPlace.put(body)
    it.signals.reset()
    it.inbox.begin()
    it.isBounded.store(false, ordering: .relaxed)
    it.wait.store(0, ordering: .relaxed)
  }
}

extension Handle<RuntimeCore> {
  /// Makes a process, or says why not.
  ///
  /// The body is destroyed then. `tie` is done before anybody can know of it or run it.
  func spawn(_ request: SpawnRequest, tie: (ProcessHandle) -> Void = { _ in }) throws(SpawnError) -> Spawned {
    Scheduler.beginCall()
    do { try request.options.validate() } catch { throw .options(error) }
    let scheduler = Scheduler.current.flatMap { $0.it.runtime == self ? $0 : nil }
    guard !it.ending.isRefusing else { throw .shuttingDown }
    if it.memory.isShort && isReallyShortOfMemory() { throw .memoryLimit(it.memory.ceiling) }
    guard let process = takeRecord(scheduler) else { throw .processLimit(it.configuration.processLimit) }
    try provide(process, request)
    let options = request.options
    let slice = options.reductionsPerSlice ?? it.configuration.reductionsPerSlice
    process.prepare(request.body, options.priority, Int32(slice))
    process.it.flags = process.it.slot == nil ? [] : .onStack
    process.bound(options.mailbox, memoryLimit: options.memoryLimit)
    scheduler?.it.running?.charge(Cost.spawn)
    let spawned = Spawned(record: process, id: process.it.identity)
    tie(process)
    if let scheduler { scheduler.it.counters.processesCreated.add() } else { it.counters.processesCreated.add() }
    process.it.beginAnew()
    process.it.transition(.create)
    process.makeReady(from: scheduler)
    look(after: spawned)
    return spawned
  }

  /// What a process may be refused for: its name, a stack of its own.
  private func provide(_ process: ProcessHandle, _ request: SpawnRequest) throws(SpawnError) {
    if let name = request.options.name, let type = request.type {
      do {
        try it.names.add(name, process, process.id, type)
      } catch {
        giveBack(process)
        throw .name(error)
      }
    }
    guard case .dedicated(let bytes) = request.options.stack else { return }
    guard let slot = Handle<StackSlot>.dedicated(bytes: bytes, on: it.platform) else {
      if let name = request.options.name { it.names.remove(name) }
      giveBack(process)
      throw .noStack
    }
    process.it.slot = slot
    slot.it.lay(process, entry: .main)
    it.slots.add(slot, for: process)
  }

  /// A record that was taken for nothing.
  private func giveBack(_ process: ProcessHandle) {
    var back = RecordCache()
    back.put(process)
    it.table.put(&back)
  }
}

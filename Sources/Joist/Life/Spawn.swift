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
  @usableFromInline var body: BodyStorage
  /// Where it is to have a name.
  @usableFromInline var type: MessageType?

  @inlinable
  init<Message: ~Copyable>(_ options: SpawnOptions, _ body: Body<Message>) {
    self.options = options
    self.body = BodyStorage(body)
    if options.name != nil { type = MessageType(Message.self) }
  }
}

/// A process that was made, and which one it is: by now it may have ended, and its record be another's.
@usableFromInline
struct Spawned {
  let record: ProcessHandle
  let id: ProcessID
}

extension Handle<RuntimeCore> {
  /// Makes a process, or says why not.
  ///
  /// The body is destroyed then.
  func spawn(_ request: SpawnRequest) throws(SpawnError) -> Spawned {
    var request = request
    do {
      return try make(request)
    } catch {
      request.body.destroy()
      throw error
    }
  }

  private func make(_ request: SpawnRequest) throws(SpawnError) -> Spawned {
    do { try request.options.validate() } catch { throw .options(error) }
    let scheduler = Scheduler.current.flatMap { $0.it.runtime == self ? $0 : nil }
    guard !it.ending.isRefusing else { throw .shuttingDown }
    guard let process = takeRecord(scheduler) else { throw .processLimit(it.configuration.processLimit) }
    try provide(process, request)
    prepare(process, request)
    if let scheduler {
      scheduler.it.figures.processesCreated.add()
      if let parent = scheduler.it.running { parent.it.fuel -= Cost.spawn }
      scheduler.signalDeferred()
    } else {
      it.figures.processesCreated.add()
    }
    let spawned = Spawned(record: process, id: process.id)
    process.it.go(.create)
    process.makeReady(from: scheduler)
    return spawned
  }

  /// What a process may be refused for: its name, a stack of its own.
  private func provide(_ process: ProcessHandle, _ request: SpawnRequest) throws(SpawnError) {
    if let name = request.options.name, let type = request.type {
      do {
        try it.names.add(name, Names.Entry(record: process, id: process.id, type: type))
      } catch {
        giveBack(process)
        throw .name(error)
      }
    }
    guard case .dedicated(let bytes) = request.options.stack else { return }
    guard let slot = it.slots.makeDedicated(bytes: bytes) else {
      if let name = request.options.name { it.names.remove(name, from: process.id) }
      giveBack(process)
      throw .noStack
    }
    process.it.slot = slot
    slot.it.lay(process, entry: .main)
  }

  /// Initialises the record for its next process.
  private func prepare(_ process: ProcessHandle, _ request: SpawnRequest) {
    process.it.beginAnew()
    process.it.priority = request.options.priority
    process.it.level = request.options.priority
    process.it.flags = process.it.slot == nil ? [] : .mounted
    process.it.sliceLength = Int32(request.options.reductionsPerSlice ?? it.configuration.reductionsPerSlice)
    process.it.body = request.body
    process.it.mailbox = Mailbox()
    process.it.signals.reset()
    process.bound(request.options.mailbox)
    process.it.wait.store(0, ordering: .relaxed)
  }

  /// A record that was taken for nothing.
  private func giveBack(_ process: ProcessHandle) {
    var back = RecordCache()
    back.put(process)
    it.table.put(&back)
  }
}

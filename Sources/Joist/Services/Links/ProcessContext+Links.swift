// SPDX-License-Identifier: Apache-2.0
//
// Hearing of other processes' ends: monitors, links, trapped exits.

extension ProcessContext where Message: ~Copyable {
  /// Turns the end of another process into one message of this one, in order with what that has sent before.
  ///
  /// The closure makes it, in this process when that takes the news in, and may not wait. For one that has ended
  /// already the reason is ``ExitReason/noProcess``. No mailbox refuses the message. Several monitors of one process
  /// each bring theirs. Allocates a little.
  @inlinable @discardableResult
  public func monitor<M: ~Copyable>(
    _ ref: ProcessRef<M>,
    _ map: @escaping @Sendable (Down) -> Message
  ) -> MonitorID {
    monitor(ref.record, ref.id, NoticeMakers.make(map))
  }

  @usableFromInline
  func monitor(_ other: Handle<ProcessRecord>?, _ id: ProcessID, _ make: @escaping NoticeMaker<Down>) -> MonitorID {
    record.here(generation).signalDeferred()
    record.charge(Cost.signal)
    return record.monitor(other, id, make)
  }

  /// Ends a monitor; its message does not come any more, and if it lies in the mailbox it is taken out.
  public func demonitor(_ monitor: MonitorID) {
    _ = record.here(generation)
    record.charge(Cost.signal)
    record.demonitor(monitor)
  }

  /// Ties the two lives together: when one ends for a reason other than ``ExitReason/normal``, the other is told to
  /// exit for that reason, or gets a message of it if it traps exits.
  ///
  /// Linked twice is linked once; with itself, not at all. With one that has ended it is as if that ended now, for
  /// ``ExitReason/noProcess``.
  public func link<M: ~Copyable>(_ ref: ProcessRef<M>) throws(ProcessExit) {
    try record.suspensionPoint(generation, cost: Cost.signal).signalDeferred()
    guard ref.record != record || ref.id != record.it.identity else { return }
    if let other = ref.record, record.link(other, ref.id) { return }
    record.tellOfNobody(ref.id)
    try record.seeWhatOthersWant()
  }

  /// Unties them: afterwards neither hears of the other's end, also when that is on its way already.
  public func unlink<M: ~Copyable>(_ ref: ProcessRef<M>) {
    _ = record.here(generation)
    record.charge(Cost.signal)
    if let other = ref.record, other != record { record.unlink(other, ref.id) }
  }

  /// Turns exit signals into messages of this process from now on, ``ExitReason/normal`` ones included; a later closure
  /// replaces an earlier one.
  ///
  /// The closure makes the message, in this process when that takes the signal in, and may not wait. Being killed
  /// cannot be trapped.
  @inlinable
  public func trapExits(_ map: @escaping @Sendable (ExitSignal) -> Message) { trapExits(NoticeMakers.make(map)) }

  @usableFromInline
  func trapExits(_ make: @escaping NoticeMaker<ExitSignal>) {
    _ = record.here(generation)
    record.extras().it.exitTrap = make
  }

  /// Exit signals end this process again.
  public func untrapExits() {
    _ = record.here(generation)
    if record.hasExtras { record.extras().it.exitTrap = nil }
  }
}

// MARK: - Spawning

extension ProcessContext where Message: ~Copyable {
  /// Makes a process and links it with this one, in one step: nothing comes between.
  ///
  /// Where none can be made, it is as if it ended at once, for ``ExitReason/noProcess``.
  @inlinable @discardableResult
  public func spawnLinked<M: ~Copyable>(
    _ type: M.Type,
    options: SpawnOptions? = nil,
    _ body: sending @escaping (ProcessContext<M>) throws -> Void
  ) -> ProcessRef<M> {
    if let options { return ProcessRef(makeLinked(SpawnRequest(options, body))) }
    return ProcessRef(makeLinked(Body(body).untyped))
  }

  /// Makes a process without a mailbox and links it with this one, in one step.
  @inlinable @discardableResult
  public func spawnLinked(
    options: SpawnOptions? = nil,
    _ body: sending @escaping (ProcessContext<Never>) throws -> Void
  ) -> ProcessRef<Never> {
    spawnLinked(Never.self, options: options, body)
  }

  /// As `spawnLinked`, but throws a ``SpawnError`` where no process can be made.
  @inlinable @discardableResult
  public func trySpawnLinked<M: ~Copyable>(
    _ type: M.Type,
    options: SpawnOptions = .init(),
    _ body: sending @escaping (ProcessContext<M>) throws -> Void
  ) throws(SpawnError) -> ProcessRef<M> {
    ProcessRef(try tryMakeLinked(SpawnRequest(options, body)))
  }

  /// As `trySpawnLinked`, for a supervisor's child, whose name and attempt are in reports: 1 for its first start.
  ///
  /// A server ends with this process, whatever the reason (PE1, PE2).
  package func trySpawnChild<M: ~Copyable>(
    _ type: M.Type,
    named name: String,
    attempt: Int,
    endsWithThis: Bool,
    options: SpawnOptions,
    _ body: sending @escaping (ProcessContext<M>) throws -> Void
  ) throws(SpawnError) -> ProcessRef<M> {
    let above = record.servicesIfAny?.it.child?.name
    let child = Report.Child(name: name, supervisor: id, supervisorName: above, attempt: attempt)
    let spawned = try tryMakeLinked(SpawnRequest(options, body)) {
      $0.services().it.child = child
      if endsWithThis { $0.services().it.parentExit = ParentExit(id) }
    }
    return ProcessRef(spawned)
  }

  /// Makes a process and monitors it, in one step: its end brings a message for certain.
  @inlinable @discardableResult
  public func spawnMonitored<M: ~Copyable>(
    _ type: M.Type,
    options: SpawnOptions? = nil,
    down map: @escaping @Sendable (Down) -> Message,
    _ body: sending @escaping (ProcessContext<M>) throws -> Void
  ) -> (ref: ProcessRef<M>, monitor: MonitorID) {
    let make = NoticeMakers.make(map)
    let (spawned, monitor) =
      if let options {
        makeMonitored(SpawnRequest(options, body), make)
      } else {
        makeMonitored(Body(body).untyped, make)
      }
    return (ProcessRef(spawned), monitor)
  }

  /// Makes a process without a mailbox and monitors it, in one step.
  @inlinable @discardableResult
  public func spawnMonitored(
    options: SpawnOptions? = nil,
    down map: @escaping @Sendable (Down) -> Message,
    _ body: sending @escaping (ProcessContext<Never>) throws -> Void
  ) -> (ref: ProcessRef<Never>, monitor: MonitorID) {
    spawnMonitored(Never.self, options: options, down: map, body)
  }

  @usableFromInline
  func makeLinked(_ body: consuming Body<Never>) -> Spawned? {
    orTold(record.spawnPlain(generation, body) { _ = record.link($0, $0.it.identity) })
  }

  @usableFromInline
  func makeLinked(_ request: SpawnRequest) -> Spawned? { orTold(try? tryMakeLinked(request)) }

  @usableFromInline
  func tryMakeLinked(_ request: SpawnRequest) throws(SpawnError) -> Spawned {
    try tryMakeLinked(request) { _ in }
  }

  /// Makes a linked process, and prepares it before it may run.
  func tryMakeLinked(
    _ request: SpawnRequest,
    preparing prepare: (ProcessHandle) -> Void
  ) throws(SpawnError) -> Spawned {
    try core.spawn(request) { process in
      _ = record.link(process, process.it.identity)
      prepare(process)
    }
  }

  /// A linked process that was made; where none was, this one is told.
  func orTold(_ spawned: Spawned?) -> Spawned? {
    if spawned == nil { record.tellOfNobody(ProcessID(bits: 0)) }
    return spawned
  }

  @usableFromInline
  func makeMonitored(
    _ body: consuming Body<Never>,
    _ make: @escaping NoticeMaker<Down>
  ) -> (Spawned?, MonitorID) {
    var monitor: MonitorID?
    let spawned = record.spawnPlain(generation, body) { monitor = record.monitor($0, $0.it.identity, make) }
    return (spawned, monitor ?? record.monitor(nil, ProcessID(bits: 0), make))
  }

  @usableFromInline
  func makeMonitored(_ request: SpawnRequest, _ make: @escaping NoticeMaker<Down>) -> (Spawned?, MonitorID) {
    var monitor: MonitorID?
    let spawned = try? core.spawn(request) { monitor = record.monitor($0, $0.it.identity, make) }
    return (spawned, monitor ?? record.monitor(nil, ProcessID(bits: 0), make))
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// Learning of the ends of other processes: monitors, links, trapped exits.

extension ProcessContext where Message: ~Copyable {
  /// Monitors another process: when that ends, this process gets one message, behind those that the other sent before.
  ///
  /// If the other process has ended already, the message comes at once, with the reason ``ExitReason/noProcess``. The
  /// limit of this process's mailbox does not apply to the message. Each monitor brings its own message, even if
  /// several monitor the same process. Never waits; allocates a little.
  ///
  /// - Parameters:
  ///   - ref: The process to monitor.
  ///   - map: Makes the message. It runs in this process when the news arrives, and must not wait.
  /// - Returns: The monitor's identity, for ``demonitor(_:)``.
  @inlinable @discardableResult
  public func monitor<M: ~Copyable>(
    _ ref: ProcessRef<M>,
    _ map: @escaping @Sendable (Down) -> Message
  ) -> MonitorID {
    monitor(ref.record, ref.id, NoticeMakers.make(map))
  }

  @usableFromInline
  func monitor(_ other: Handle<ProcessRecord>?, _ id: ProcessID, _ make: @escaping NoticeMaker<Down>) -> MonitorID {
    record.here(generation).notifyDeferred()
    record.charge(Cost.signal)
    record.noteHandOn()
    return record.monitor(other, id, make)
  }

  /// Ends a monitor: its message does not come any more, and is taken out of the mailbox if it is there already.
  ///
  /// Has no effect on a monitor of another process. Never waits.
  public func demonitor(_ monitor: MonitorID) {
    _ = record.here(generation)
    record.charge(Cost.signal)
    record.demonitor(monitor)
  }

  /// Links this process and another: when one of them ends, the other gets an exit signal with the same reason.
  ///
  /// A process that gets the signal exits for that reason, unless the reason is ``ExitReason/normal`` or the process
  /// traps exits. If the other process has ended already, this one gets an exit signal with ``ExitReason/noProcess``.
  /// Two processes have at most one link; a link to itself has no effect.
  ///
  /// - Throws: ``ProcessExit`` if this process is told to exit, also by that exit signal.
  public func link<M: ~Copyable>(_ ref: ProcessRef<M>) throws(ProcessExit) {
    try record.suspensionPoint(generation, cost: Cost.signal).notifyDeferred()
    guard ref.record != record || ref.id != record.it.identity else { return }
    if let other = ref.record, record.link(other, ref.id) { return }
    record.tellOfNobody(ref.id)
    try record.seeWhatOthersWant()
  }

  /// Removes the link to another process: neither gets an exit signal of the other's end any more.
  ///
  /// A signal that is on its way already has no effect. Never waits.
  public func unlink<M: ~Copyable>(_ ref: ProcessRef<M>) {
    _ = record.here(generation)
    record.charge(Cost.signal)
    if let other = ref.record, other != record { record.unlink(other, ref.id) }
  }

  /// Traps exits: from now on exit signals become messages of this process, including those with ``ExitReason/normal``.
  ///
  /// A kill cannot be trapped. A later closure replaces an earlier one.
  ///
  /// - Parameter map: Makes the message. It runs in this process when the signal arrives, and must not wait.
  @inlinable
  public func trapExits(_ map: @escaping @Sendable (ExitSignal) -> Message) { trapExits(NoticeMakers.make(map)) }

  @usableFromInline
  func trapExits(_ make: @escaping NoticeMaker<ExitSignal>) {
    _ = record.here(generation)
    record.extras().it.exitTrap = make
    record.noteHandOn()
  }

  /// Stops trapping exits: exit signals end this process again.
  public func untrapExits() {
    _ = record.here(generation)
    if record.hasExtras { record.extras().it.exitTrap = nil }
  }
}

// MARK: - Spawning

extension ProcessContext where Message: ~Copyable {
  /// Creates a process that is linked to this one before it runs.
  ///
  /// If no process can be created, this one gets an exit signal with ``ExitReason/noProcess``, as if the new process
  /// had ended at once.
  @inlinable @discardableResult
  public func spawnLinked<M: ~Copyable>(
    _ type: M.Type,
    options: SpawnOptions? = nil,
    _ body: sending @escaping (ProcessContext<M>) throws -> Void
  ) -> ProcessRef<M> {
    if let options { return ProcessRef(makeLinked(SpawnRequest(options, body))) }
    return ProcessRef(makeLinked(Body(body).untyped))
  }

  /// Creates a process without a mailbox that is linked to this one before it runs.
  ///
  /// If no process can be created, this one gets an exit signal with ``ExitReason/noProcess``.
  @inlinable @discardableResult
  public func spawnLinked(
    options: SpawnOptions? = nil,
    _ body: sending @escaping (ProcessContext<Never>) throws -> Void
  ) -> ProcessRef<Never> {
    spawnLinked(Never.self, options: options, body)
  }

  /// Creates a process that is linked to this one before it runs, or throws.
  ///
  /// - Throws: ``SpawnError`` if no process can be created.
  @inlinable @discardableResult
  public func trySpawnLinked<M: ~Copyable>(
    _ type: M.Type,
    options: SpawnOptions = .init(),
    _ body: sending @escaping (ProcessContext<M>) throws -> Void
  ) throws(SpawnError) -> ProcessRef<M> {
    ProcessRef(try tryMakeLinked(SpawnRequest(options, body)))
  }

  /// Creates a linked process that is a supervisor's child.
  ///
  /// Reports name the child, and count its starts from attempt 1. If `endsWithThis`, it is a server, which ends with
  /// this process whatever the reason (PE1, PE2).
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

  /// Creates a process that is monitored by this one before it runs.
  ///
  /// If no process can be created, the monitor's message comes at once, with ``ExitReason/noProcess``.
  ///
  /// - Parameters:
  ///   - type: The type of its messages.
  ///   - options: The options of the new process; nil for the defaults, which are quicker.
  ///   - map: Makes the message when the new process has ended. It runs in this process, and must not wait.
  ///   - body: What the new process runs.
  /// - Returns: The new process, and the monitor that its message names.
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

  /// Creates a process without a mailbox that is monitored by this one before it runs.
  ///
  /// If no process can be created, the monitor's message comes at once, with ``ExitReason/noProcess``.
  ///
  /// - Parameters:
  ///   - options: The options of the new process; nil for the defaults, which are quicker.
  ///   - map: Makes the message when the new process has ended. It runs in this process, and must not wait.
  ///   - body: What the new process runs.
  /// - Returns: The new process, and the monitor that its message names.
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

  /// Creates a linked process, and calls `prepare` with it before it may run.
  func tryMakeLinked(
    _ request: SpawnRequest,
    preparing prepare: (ProcessHandle) -> Void
  ) throws(SpawnError) -> Spawned {
    try core.spawn(request) { process in
      _ = record.link(process, process.it.identity)
      prepare(process)
    }
  }

  /// Returns a linked process; if none was created, delivers a `.noProcess` exit signal to this one.
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

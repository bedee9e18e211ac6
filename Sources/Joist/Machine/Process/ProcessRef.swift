// SPDX-License-Identifier: Apache-2.0
//
// The typed address of a process.

import Synchronization

/// The typed address of a process: 16 bytes, names its runtime, keeps nothing alive.
///
/// Everything may be sent to the dead; it is dropped, destroyed and counted. A reference to a process that has ended
/// never reaches another one.
public struct ProcessRef<Message: ~Copyable>: Sendable {
  /// The untyped identity.
  public let id: ProcessID
  /// Nil for one that never lived.
  @usableFromInline let record: Handle<ProcessRecord>?

  init(record: Handle<ProcessRecord>, id: ProcessID) {
    self.record = record
    self.id = id
  }

  /// The reference to a new process; to none if there is none.
  @usableFromInline
  init(_ spawned: Spawned?) {
    record = spawned?.record
    id = spawned?.id ?? ProcessID(bits: 0)
  }
}

extension ProcessRef: Hashable where Message: ~Copyable {
  /// The same process of the same runtime.
  public static func == (a: Self, b: Self) -> Bool { a.record == b.record && a.id == b.id }

  /// As `==`.
  public func hash(into hasher: inout Hasher) { hasher.combine(id) }
}

extension ProcessRef: CustomStringConvertible where Message: ~Copyable {
  /// As the id: `#123.4`.
  public var description: String { id.description }
}

extension ProcessRef where Message: ~Copyable {
  /// Tells the process to exit: its next runtime call throws ``ProcessExit``, and a wait ends with it.
  ///
  /// A suspended process is resumed. `.normal` is ignored. With `.killed` it is abandoned if it does not end within a
  /// slice.
  public func exit(_ reason: ExitReason = .shutdown) {
    chargeCaller()
    record?.tellToExit(reason, id.generation)
  }

  /// Takes the process off the processors at its next suspension point, until `resume`.
  ///
  /// Messages and timeouts that come meanwhile are kept. Suspends nest. Each belongs to the process that made it, and
  /// is taken back when that ends, however it ends. One that a thread made, or a process on itself, stays. Allocates
  /// when it is the caller's first suspend of this process.
  public func suspend() {
    chargeCaller()
    record?.suspend(id, by: Scheduler.current?.it.running)
  }

  /// Takes back one `suspend` of the process that calls, or else one that belongs to no process.
  ///
  /// Nothing happens where there is none: a thread or another process cannot take back what a process has suspended.
  public func resume() {
    chargeCaller()
    record?.resume(id, by: Scheduler.current?.it.running)
  }

  /// Gives the process another priority, from its next suspension point on.
  public func setPriority(_ priority: Priority) {
    chargeCaller()
    guard let record, isAlive else { return }
    let delivery = Delivery.begin(Priority.self)
    delivery.node.it.kind = .priority
    delivery.node.it.generation = id.generation
    delivery.put(priority)
    let pushed = record.it.inbox.push(delivery.node)
    if case .refused = pushed { return delivery.node.discard() }
    record.it.signals.raise(.urgentMail)
    if case .claimed = pushed { record.wake(from: delivery.scheduler) }
  }

  // Ordering: acquiring, for a caller's sake: who finds it dead sees what it did before it ended.
  /// Whether it has not ended yet.
  public var isAlive: Bool {
    Scheduler.current?.signalDeferred()
    return record?.it.generation.load(ordering: .acquiring) == id.generation
  }

  /// A snapshot, or nil for the dead.
  public var info: ProcessSnapshot? {
    chargeCaller()
    guard let record else { return nil }
    return ProcessSnapshot(record, id)
  }

  /// The process that calls, if one does, pays for it.
  private func chargeCaller() {
    Scheduler.beginCall()
    Scheduler.current?.it.running?.charge(Cost.signal)
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// The typed address of a process, and what others may do with it, sending apart.

import Synchronization

/// The typed address of a process.
///
/// A reference takes 16 bytes, names its runtime, and keeps nothing alive. It may be used after its process has ended:
/// what is sent then is destroyed, counted and reported. It never reaches another process.
///
/// A `spawn` that fails returns the reference `#0.0`, which names no process. What is sent to it is destroyed, and is
/// neither counted nor reported; ``trySend(_:)`` and the calls throw, as for a process that has ended.
public struct ProcessRef<Message: ~Copyable>: Sendable {
  /// The untyped identity of the process.
  public let id: ProcessID
  /// The record of the process; nil if the process was never created.
  @usableFromInline let record: Handle<ProcessRecord>?

  init(record: Handle<ProcessRecord>, id: ProcessID) {
    self.record = record
    self.id = id
  }

  /// Makes the reference to a new process, or to none if `spawned` is nil.
  @usableFromInline
  init(_ spawned: Spawned?) {
    record = spawned?.record
    id = spawned?.id ?? ProcessID(bits: 0)
  }
}

extension ProcessRef: Hashable where Message: ~Copyable {
  /// Returns whether both references name the same process of the same runtime.
  public static func == (a: Self, b: Self) -> Bool { a.record == b.record && a.id == b.id }

  /// Hashes the identity of the process.
  public func hash(into hasher: inout Hasher) { hasher.combine(id) }
}

extension ProcessRef: CustomStringConvertible where Message: ~Copyable {
  /// The identity as text, such as `#123.4`.
  public var description: String { id.description }
}

extension ProcessRef where Message: ~Copyable {
  /// Tells the process to exit.
  ///
  /// Its next runtime call throws ``ProcessExit``, and if it waits, the wait ends. A suspended process is resumed.
  /// `.normal` is ignored, unless a process sends it to itself. After `.killed`, its next call throws; if it still runs
  /// a slice later, it is abandoned: its frames are left behind, and what they refer to leaks.
  ///
  /// Does nothing if the process has ended. Never waits; allocates a message at most.
  public func exit(_ reason: ExitReason = .shutdown) {
    chargeCaller()
    record?.tellToExit(reason, id.generation)
  }

  /// Suspends the process at its next suspension point, until ``resume()``.
  ///
  /// Messages and timeouts that arrive meanwhile are kept. Suspends nest. Each suspend belongs to the process that made
  /// it and is taken back when that process ends, for whatever reason. A suspend made by a thread, or by a process on
  /// itself, stays.
  ///
  /// Returns at once. Allocates if it is the caller's first suspend of this process.
  public func suspend() {
    chargeCaller()
    record?.suspend(id, by: Scheduler.current?.it.running)
  }

  /// Takes back one ``suspend()`` of the calling process, or else one that belongs to no process.
  ///
  /// Does nothing if there is none: a thread or another process cannot take back a suspend that belongs to a process.
  public func resume() {
    chargeCaller()
    record?.resume(id, by: Scheduler.current?.it.running)
  }

  /// Gives the process another priority, from its next suspension point on.
  ///
  /// Never waits; allocates a message. Does nothing if the process has ended.
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

  // Ordering: acquiring, for the caller: one that finds the process dead sees what the process did before it ended.
  /// Whether the process has not ended yet.
  ///
  /// Costs one load. The answer may be outdated as soon as it is returned, unless it is false.
  public var isAlive: Bool {
    Scheduler.current?.notifyDeferred()
    return record?.it.generation.load(ordering: .acquiring) == id.generation
  }

  /// Charges the calling process, if there is one, for the call.
  func chargeCaller() {
    Scheduler.beginCall()
    Scheduler.current?.it.running?.charge(Cost.signal)
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// What can be said about a process from outside.

import CJoist
import Synchronization

/// A description of a process at about one moment.
///
/// Each value was true at some moment of the call that made the snapshot.
public struct ProcessSnapshot: Sendable, Hashable {
  /// The identity of the process.
  public let id: ProcessID
  /// The state of the process; `.suspended` hides the state in which it was suspended.
  public let state: ProcessState
  /// The priority at which the process runs: its own, or a higher one that is lent to it.
  public let priority: Priority
  /// Why the process waits; nil if it does not.
  public let waitReason: WaitReason?
  /// How long the process has waited; nil if it does not wait.
  public let waitingFor: Duration?
  /// The number of suspends that were not taken back.
  public let suspends: Int
  /// The memory of the process, by purpose.
  public let memory: ProcessMemory

  init?(_ record: Handle<ProcessRecord>, _ id: ProcessID) {
    let snapshot = record.snapshot()
    memory = record.measureMemory()
    // Ordering: the fence keeps this load behind those of the snapshot, which are relaxed. If the generation is still
    // the same, the snapshot was of that process.
    atomicMemoryFence(ordering: .acquiring)
    guard record.it.generation.load(ordering: .relaxed) == id.generation else { return nil }
    self.id = id
    state = snapshot.suspends > 0 ? .suspended : snapshot.state
    priority = snapshot.priority
    suspends = Int(snapshot.suspends)
    let waits = snapshot.state == .waiting && snapshot.reason != nil
    waitReason = waits ? snapshot.reason : nil
    waitingFor = waits ? .nanoseconds(snapshot.waitedNanoseconds) : nil
  }
}

extension Handle<ProcessRecord> {
  fileprivate struct Snapshot {
    var state: ProcessState
    var priority: Priority
    var suspends: UInt32
    var reason: WaitReason?
    var waitedNanoseconds: Int64
  }

  fileprivate func snapshot() -> Snapshot {
    let clock = home.it.platform.ticks
    let note = WaitNote(bits: it.wait.load(ordering: .relaxed))
    let now = clock.count
    return Snapshot(
      state: it.state,
      priority: it.priority,
      suspends: it.signals.ordered.suspends,
      reason: note.reason,
      waitedNanoseconds: now > note.since ? clock.nanoseconds(now - note.since) : 0
    )
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// What can be said of a process from outside.

import CJoist
import Synchronization

/// A snapshot of a process.
///
/// Its figures were each true at some moment of the call.
public struct ProcessSnapshot: Sendable, Hashable {
  /// Which process.
  public let id: ProcessID
  /// Where it was in its life; `.suspended` hides what is below.
  public let state: ProcessState
  /// Given by its options.
  public let priority: Priority
  /// Why it waits, if it does.
  public let waitReason: WaitReason?
  /// How long it has waited, if it does.
  public let waitingFor: Duration?
  /// Suspends that were not taken back.
  public let suspends: Int
  /// What it takes of the machine's memory.
  public let memory: ProcessMemory

  init?(_ record: Handle<ProcessRecord>, _ id: ProcessID) {
    let snapshot = record.snapshot()
    memory = record.measureMemory()
    // Ordering: the fence keeps this look behind those of the snapshot, which are relaxed: if it is still that process
    // now, it was then.
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

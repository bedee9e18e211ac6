// SPDX-License-Identifier: Apache-2.0
//
// Everything that can be said of one process from outside.

import CJoist
import Synchronization

/// A description of a process at about one moment.
///
/// Each value was true at some moment of the call that made the snapshot.
public struct ProcessSnapshot: Sendable, Hashable {
  /// What the process has used and done so far, and what it does now.
  public let statistics: ProcessStatistics
  /// A registered name of the process; nil if it has none.
  public let name: String?
  /// The number of suspends that were not taken back.
  public let suspends: Int
  /// The memory of the process, by purpose.
  public let memory: ProcessMemory
  /// The processes that it is linked to, and those that it monitors, in order of their identities.
  ///
  /// The monitors of a process that runs, or is about to, are not known and are empty.
  public let links, monitors: [ProcessID]
  /// The name of the supervisor's child that the process is; nil if it has no supervisor.
  public let child: Report.Child?
  /// The number of the process's waits, by reason; empty for a process that runs, or is about to.
  public let waitsByReason: [WaitReason: Int]

  /// The identity of the process.
  public var id: ProcessID { statistics.id }
  /// The state; `.suspended` hides the state in which the process was suspended.
  public var state: ProcessState { statistics.state }
  /// The priority at which the process runs: its own, or a higher one that is lent to it.
  public var priority: Priority { statistics.priority }
  /// Why the process waits; nil if it does not.
  public var waitReason: WaitReason? { statistics.waitReason }
  /// How long the process has waited; nil if it does not wait.
  public var waitingFor: Duration? { statistics.waitingFor }

  init?(_ record: ProcessHandle, _ id: ProcessID) {
    let core = record.home
    let clock = core.it.platform.ticks
    let measured = record.measure()
    let links = record.linkedProcesses
    let suspends = Int(record.it.signals.ordered.suspends)
    let name = core.it.names.name(of: id)
    guard let statistics = ProcessStatistics(record, id.generation, clock, now: clock.count) else { return nil }
    self.statistics = statistics
    self.name = name
    self.suspends = suspends
    memory = measured.memory
    self.links = links.sorted()
    monitors = measured.monitors.sorted()
    child = measured.child
    waitsByReason = measured.waits?.byReason(all: statistics.waits) ?? [:]
  }
}

extension ProcessRef where Message: ~Copyable {
  /// A snapshot of the process, or nil if it has ended.
  ///
  /// For a waiting process the cost grows with the number of its unread messages.
  public var snapshot: ProcessSnapshot? {
    chargeCaller()
    guard let record else { return nil }
    return ProcessSnapshot(record, id)
  }
}

extension ProcessRuntime {
  /// Returns a snapshot of a process, or nil if it has ended.
  ///
  /// - Parameter id: The identity of a process of this runtime.
  /// - Returns: The snapshot, or nil.
  public func snapshot(of id: ProcessID) -> ProcessSnapshot? {
    guard let record = core.record(of: id) else { return nil }
    return ProcessSnapshot(record, id)
  }

  /// Returns a snapshot of the process that has a name, or nil if no process has it.
  ///
  /// - Parameter name: A name registered in this runtime.
  /// - Returns: The snapshot, or nil.
  public func snapshot(of name: String) -> ProcessSnapshot? {
    guard let entry = core.it.names.find(name) else { return nil }
    return ProcessSnapshot(entry.record, entry.id)
  }
}

extension Handle<RuntimeCore> {
  /// The record of a process that lives, or nil.
  // Ordering: acquiring pairs with the store that published the record (R8).
  func record(of id: ProcessID) -> ProcessHandle? {
    guard id.bits != 0, id.slot < it.table.usedCount else { return nil }
    let record = it.table[id.slot]
    return record.it.generation.load(ordering: .acquiring) == id.generation ? record : nil
  }
}

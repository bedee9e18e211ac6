// SPDX-License-Identifier: Apache-2.0
//
// What an inspector asks of a runtime beyond snapshots: stacks, the types of unreceived messages, and who waits for
// whom. A process whose stack or mailbox is read is claimed for some microseconds at most.

import CJoist
import Synchronization

/// A process, with what only a thread that has it may read.
package struct ProcessInspection: Sendable {
  package let snapshot: ProcessSnapshot
  /// The code addresses on its stack, innermost first; empty if it runs, or is about to.
  package let backtrace: [UInt]
  /// The types of its first unreceived messages, oldest first.
  package let mailboxTypes: [String]
  /// The process that it waits for, if it waits for one.
  package let awaited: ProcessID?
}

/// A process that waits for one other process.
package struct AwaitedProcess: Sendable {
  package let waiter, awaited: ProcessStatistics
  package let hasTimeout: Bool
}

extension ProcessRuntime {
  /// Returns what is known of a process; nil if it has ended.
  package func inspect(_ id: ProcessID, messages limit: Int) -> ProcessInspection? {
    guard let record = core.record(of: id), let snapshot = ProcessSnapshot(record, id) else { return nil }
    let (backtrace, types) = record.stackAndMailbox(messages: limit)
    return ProcessInspection(
      snapshot: snapshot,
      backtrace: backtrace,
      mailboxTypes: types,
      awaited: record.edgeWait?.edge.target?.id
    )
  }

  /// Calls the body with each live process, and with its backtrace if it is parked, until the body returns false.
  package func forEachStack(_ body: (ProcessStatistics, [UInt]) -> Bool) {
    for process in processStatistics {
      guard let record = core.record(of: process.id) else { continue }
      let backtrace = process.state == .waiting ? record.backtrace : []
      if !body(process, backtrace) { return }
    }
  }

  /// Returns the code addresses on the stack of a parked process, innermost first; empty if it runs, or is about to.
  package func backtrace(of id: ProcessID) -> [UInt] { core.record(of: id)?.backtrace ?? [] }

  /// The processes that wait for one other process.
  package var awaitedProcesses: [AwaitedProcess] {
    let clock = core.it.platform.ticks
    let now = clock.count
    var found: [AwaitedProcess] = []
    for record in core.it.table.all {
      guard let wait = record.edgeWait, let target = wait.edge.target else { continue }
      // Ordering: relaxed; `ProcessStatistics` looks at the generations again.
      let generations = (record.it.generation.load(ordering: .relaxed), target.it.generation.load(ordering: .relaxed))
      guard let waiter = ProcessStatistics(record, generations.0, clock, now: now),
        let awaited = ProcessStatistics(target, generations.1, clock, now: now)
      else { continue }
      found.append(AwaitedProcess(waiter: waiter, awaited: awaited, hasTimeout: wait.edge.isTimed))
    }
    return found
  }

  /// The circles of waits that exist now, each once.
  package var deadlocks: [Deadlock] {
    // Order: the set is only asked.
    var seen: Set<UInt> = []
    var found: [Deadlock] = []
    for record in core.it.table.all where !seen.contains(record.bits) {
      guard record.edgeWait != nil, let circle = record.circle else { continue }
      for waiting in circle { seen.insert(waiting.process.bits) }
      found.append(core.describe(circle, isCertain: circle.isCertain))
    }
    return found
  }

  /// All names and the processes that have them, in order of the identities.
  package var namedProcesses: [(id: ProcessID, name: String)] { core.it.names.processes }

  /// Returns the process with that name.
  package func process(named name: String) -> ProcessID? { core.it.names.find(name)?.id }

  /// The ticks of the cheap clock per second, and its reading now.
  package var tickClock: TickClock { core.it.platform.ticks }

  /// The bytes of memory that the program uses.
  package var residentBytes: Int { core.it.platform.residentBytes() }

  /// Tells a process to exit, suspends it or resumes it, as its reference would.
  package func control(_ id: ProcessID) -> ProcessRef<Never>? {
    core.record(of: id).map { ProcessRef(Spawned(record: $0, id: id)) }
  }
}

extension ProcessHandle {
  /// The backtrace of the process, and the types of its first messages.
  fileprivate func stackAndMailbox(messages limit: Int) -> ([UInt], [String]) {
    guard it.inbox.claim() else { return ([], []) }
    defer { release() }
    var types: [String] = []
    forEachInOrder { node in
      if types.count < limit, node.it.isMessage { types.append(node.typeName) }
    }
    return (parkedBacktrace, types)
  }

  /// Calls the body with each unreceived message, those in the mailbox first; the caller has the process.
  private func forEachInOrder(_ body: (Handle<MessageNode>) -> Void) {
    var next = it.mailbox.first
    while let node = next {
      body(node)
      next = node.it.next
    }
    if let node = it.arrived { body(node) }
    var newest: [Handle<MessageNode>] = []
    next = it.inbox.newestAtRest
    while let node = next {
      newest.append(node)
      next = node.it.next
    }
    for node in newest.reversed() { body(node) }
  }
}

extension ProcessID {
  /// Reads an identity that was printed, such as `#12.3`; nil if the text is none.
  package init?(text: String) {
    let parts = text.dropFirst().split(separator: ".", omittingEmptySubsequences: false)
    guard text.first == "#", parts.count == 2, let slot = Int(parts[0]), let generation = UInt32(parts[1]),
      slot >= 0, slot < Limits.maxProcesses
    else { return nil }
    self.init(slot: slot, generation: generation)
  }
}

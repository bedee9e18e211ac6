// SPDX-License-Identifier: Apache-2.0
//
// Access for tests and for `joist validate`: they drive a runtime whose platform has no threads, one step of one
// scheduler at a time.

import Synchronization

extension Handle<ProcessRecord> {
  /// The number of reductions left in the process's slice.
  package var reductionsLeft: Int32 { it.reductionsLeft }

  /// Returns whether a record that is made from zeroed memory (R10) equals an initialised one, to the byte.
  // Sound: both are in memory that is freed here; nothing in a record has to be destroyed.
  package static func isNewWhenRenewed(_ runtime: ProcessRuntime) -> Bool {
    let bytes = MemoryLayout<ProcessRecord>.stride
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 2 * bytes, alignment: 64)
    defer { unsafe memory.deallocate() }
    unsafe memory.initializeMemory(as: UInt8.self, repeating: 0)
    let records = unsafe memory.assumingMemoryBound(to: ProcessRecord.self)
    unsafe (records.baseAddress! + 1).initialize(to: ProcessRecord(home: runtime.core))
    unsafe Handle(records.baseAddress!).renew(runtime.core, past: 0)
    return unsafe memory.prefix(bytes).elementsEqual(memory.suffix(bytes))
  }
}

extension ProcessContext where Message: ~Copyable {
  /// The index of the scheduler that the process runs on until its next switch.
  package var schedulerIndex: Int { record.here(generation).it.index }
}

extension ProcessRuntime {
  /// Steps a scheduler once on the calling thread.
  package func step(_ scheduler: Int = 0) -> Step {
    let scheduler = core.it.scheduler(scheduler)
    scheduler.takeThread(isOwn: false)
    defer { scheduler.leaveThread() }
    return scheduler.step()
  }

  /// Puts a scheduler that found no work to sleep on the calling thread, until the platform's wait returns.
  package func rest(_ scheduler: Int) {
    let scheduler = core.it.scheduler(scheduler)
    scheduler.takeThread(isOwn: false)
    defer { scheduler.leaveThread() }
    scheduler.rest()
  }

  /// Counts a scheduler that no test steps as sleeping.
  package func markAsleep(_ scheduler: Int) {
    core.it.idle.sleeping.insert(scheduler)
    core.it.idle.awake.sleep()
  }

  /// Whether there is nothing to run, now or later.
  package var isQuiet: Bool { core.isQuiet }

  /// The offsets of the parts of a scheduler.
  package var schedulerParts: (thread: Int, others: Range<Int>, counters: Range<Int>, all: Int) {
    core.it.scheduler(0).parts
  }

  /// Makes one round of the watchdog.
  package func look(_ rounds: inout WatchdogRounds) { rounds.look(core, now: core.it.platform.now()) }

  /// Makes one round of the runtime's own watchdog, and looks at the figures of alarms, perhaps before a rest.
  package func lookAtAlarms(isLast: Bool = false) {
    let now = core.it.platform.now()
    core.it.watchdogRounds.look(core, now: now)
    core.lookAtAlarms(now: now, isLast: isLast)
  }

  /// The number of records that this runtime and earlier ones of its core have used.
  package var usedRecords: Int { core.it.table.usedCount }

  /// Looks again at circles of waits that may have ended by themselves, as the watchdog does.
  package func lookForStuckCircles() { core.it.deadlocks.look(core, now: core.it.platform.now()) }

  /// Checks the program's memory, as the watchdog does.
  package func lookAtMemory() { core.lookAtMemory() }

  /// Gives back the memory of records without a process; returns the number of bytes.
  package func trimRecords() -> Int { core.trimRecords() }

  /// Gives back what is complete in the pools; returns the number of bytes, without the pages of stacks.
  package func trim() -> Int? { core.trim() }

  /// Kills the process at an index among the live ones.
  package func killLive(_ index: Int) {
    let live = core.it.table.all.filter { $0.it.state != .terminated }
    guard index < live.count else { return }
    live[index].tellToExit(.killed, live[index].it.generation.load(ordering: .relaxed))
  }

  /// Returns the NUMA nodes of a process's record and of its slot.
  package func nodes<M: ~Copyable>(_ ref: ProcessRef<M>) -> [Int] {
    guard let record = ref.record else { return [] }
    return [core.it.table.node(of: record)] + (record.it.slot.map { [$0.it.node] } ?? [])
  }

  /// The number of free blocks in the depot of a node other than their own.
  package var strayBlocks: Int {
    NodePool.depots.strays + HeapPool.depots.strays + core.it.slots.savedFramesPool.strays
  }

  /// Empties a scheduler's caches into the common pools.
  package func unload(_ scheduler: Int) { core.it.scheduler(scheduler).unload() }

  /// Returns the number of watches on a process.
  package func watchCount<M: ~Copyable>(_ ref: ProcessRef<M>) -> Int {
    ref.record?.servicesIfAny?.it.watches.count ?? 0
  }

  /// The number of processes that wait for descriptors.
  package var descriptorWaits: Int { core.it.descriptors.waiting }

  /// Returns whether a process has monitors that have not fired.
  package func hasMonitors<M: ~Copyable>(_ ref: ProcessRef<M>) -> Bool {
    !(ref.record?.servicesIfAny?.it.monitors.isEmpty ?? true)
  }

  /// Returns the number of a process's links.
  package func linkCount<M: ~Copyable>(_ ref: ProcessRef<M>) -> Int {
    ref.record?.servicesIfAny?.it.links.count ?? 0
  }

  /// Uses up all but two generations of an ended process's record: the next process of the record is its last.
  // Ordering: relaxed, because nothing runs meanwhile.
  package func useUpGenerations<M: ~Copyable>(of ref: ProcessRef<M>) {
    ref.record?.it.generation.store(.max - 1, ordering: .relaxed)
  }

  /// Takes a record without a process, for tests of queues and wheels.
  package func spareRecord() -> ProcessHandle { core.takeRecord(nil)! }
}

extension Handle<TimerEntry> {
  /// Whether the entry belongs to a wheel.
  package var isInAWheel: Bool { it.place != .none }

  /// Makes the entry leave its wheel.
  package func letGo() { it.leave() }
}

extension Handle<ProcessRecord> {
  /// Performs a transition, whether allowed or not.
  package func forceTransition(_ transition: Transition) { it.transition(transition) }
}

/// The state of a process as seen from outside while nothing runs.
package struct ProcessSight: Equatable {
  package let id: ProcessID
  package let state: ProcessState
  package let waits: WaitReason?
  package let unread: Int
}

extension ProcessRuntime {
  /// Whether `waitUntilIdle` would return.
  package var isIdleNow: Bool { core.isIdleOrOver }

  /// The states of all live processes.
  package var sights: [ProcessSight] {
    core.it.table.all.filter { $0.it.state != .terminated }.map { process in
      let isSuspended = process.it.signals.ordered.suspends > 0
      let note = WaitNote(bits: process.it.wait.load(ordering: .relaxed))
      return ProcessSight(
        id: process.id,
        state: isSuspended ? .suspended : process.it.state,
        waits: process.it.state == .waiting ? note.reason : nil,
        unread: process.it.inbox.unread + Int(process.it.mailbox.count)
      )
    }
  }

  /// A text that lists the waiting processes and what they wait for.
  package var waitingNow: String {
    let waiting = sights.compactMap { sight in sight.waits.map { "\(sight.id) waits (\($0))" } }
    return waiting.isEmpty ? "no process waits" : waiting.joined(separator: ", ")
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// Doors for tests, and for `joist validate`: a runtime whose platform has no threads is driven from here, one step of
// one scheduler at a time.

import Synchronization

extension Handle<ProcessRecord> {
  /// What is left of its slice.
  package var fuelLeft: Int32 { it.reductionsLeft }

  // Sound: both lie in memory that is freed here; nothing in a record has to be destroyed.
  /// Whether a record made of zero (R10) is one that is initialised, to the byte.
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
  /// The number of the scheduler that it runs on until it is switched away from.
  package var schedulerIndex: Int { record.here(generation).it.index }
}

extension ProcessRuntime {
  /// One step of a scheduler on the calling thread.
  package func step(_ scheduler: Int = 0) -> Step {
    let scheduler = core.it.scheduler(scheduler)
    scheduler.takeThread(isOwn: false)
    defer { scheduler.leaveThread() }
    return scheduler.step()
  }

  /// A scheduler that found no work goes to sleep on the calling thread, until the platform's wait returns.
  package func rest(_ scheduler: Int) {
    let scheduler = core.it.scheduler(scheduler)
    scheduler.takeThread(isOwn: false)
    defer { scheduler.leaveThread() }
    scheduler.rest()
  }

  /// Counts a scheduler that nobody steps among those that sleep.
  package func markAsleep(_ scheduler: Int) {
    core.it.idle.sleeping.insert(scheduler)
    core.it.idle.awake.sleep()
  }

  /// The time on its platform's clock.
  package var now: Duration { .nanoseconds(core.it.platform.now()) }

  /// Whether there is nothing to run and nothing that will be.
  package var isQuiet: Bool { core.isQuiet }

  /// Where the parts of a scheduler lie.
  package var schedulerParts: (thread: Int, others: Range<Int>, counters: Range<Int>, all: Int) {
    core.it.scheduler(0).parts
  }

  /// A round of the monitor.
  package func look(_ rounds: inout WatchdogRounds) { rounds.look(core, now: core.it.platform.now()) }

  /// Looks how much memory the program has, as the monitor does.
  package func lookAtMemory() { core.lookAtMemory() }

  /// Gives back what records take that have no process; how many bytes that is.
  package func trimRecords() -> Int { core.trimRecords() }

  /// Gives back what pools have whole, at any time; how many bytes that is, without the pages of stacks.
  package func trim() -> Int? { core.trim() }

  /// Kills one of those that live, by its place among them.
  package func killLive(_ place: Int) {
    let live = core.it.table.all.filter { $0.it.state != .terminated }
    guard place < live.count else { return }
    live[place].tellToExit(.killed, live[place].it.generation.load(ordering: .relaxed))
  }

  /// The NUMA nodes of a process's record and of its slot.
  package func nodes<M: ~Copyable>(_ ref: ProcessRef<M>) -> [Int] {
    guard let record = ref.record else { return [] }
    return [core.it.table.node(of: record)] + (record.it.slot.map { [$0.it.node] } ?? [])
  }

  /// Free blocks that lie in the depot of another node than theirs.
  package var strayBlocks: Int {
    NodePool.depots.strays + HeapPool.depots.strays + core.it.slots.savedFramesPool.strays
  }

  /// Has a scheduler give what it keeps for itself to the common pools.
  package func unload(_ scheduler: Int) { core.it.scheduler(scheduler).unload() }

  /// How many watch a process.
  package func watchCount<M: ~Copyable>(_ ref: ProcessRef<M>) -> Int {
    return ref.record?.servicesIfAny?.it.watches.count ?? 0
  }

  /// How many wait for descriptors.
  package var descriptorWaits: Int { core.it.descriptors.waiting }

  /// Whether a process has monitors that have not fired.
  package func hasMonitors<M: ~Copyable>(_ ref: ProcessRef<M>) -> Bool {
    return !(ref.record?.servicesIfAny?.it.monitors.isEmpty ?? true)
  }

  /// How many links a process has.
  package func linkCount<M: ~Copyable>(_ ref: ProcessRef<M>) -> Int {
    return ref.record?.servicesIfAny?.it.links.count ?? 0
  }

  /// Uses up all generations of an ended process's record but two: the next process of the record is its last.
  // Ordering: nothing runs meanwhile.
  package func useUpGenerations<M: ~Copyable>(of ref: ProcessRef<M>) {
    ref.record?.it.generation.store(.max - 1, ordering: .relaxed)
  }

  /// A record of this runtime's that no process has: for tests of queues and wheels.
  package func spareRecord() -> ProcessHandle { core.takeRecord(nil)! }
}

extension Handle<TimerEntry> {
  /// Whether it belongs to a wheel.
  package var isInAWheel: Bool { it.place != .none }

  /// It leaves its wheel.
  package func letGo() { it.leave() }
}

extension Handle<ProcessRecord> {
  /// Performs a transition, right or wrong.
  package func forceTransition(_ transition: Transition) { it.transition(transition) }
}

/// What is seen of a process from outside, while nothing runs.
package struct ProcessSight: Equatable {
  package let id: ProcessID
  package let state: ProcessState
  package let waits: WaitReason?
  package let unread: Int
}

extension ProcessRuntime {
  /// Whether `waitUntilIdle` would return.
  package var isIdleNow: Bool { core.isIdleOrOver }

  /// Processes that live, as they are seen.
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

  /// Who waits, and for what, in words.
  package var waitingNow: String {
    let waiting = sights.compactMap { sight in sight.waits.map { "\(sight.id) waits (\($0))" } }
    return waiting.isEmpty ? "no process waits" : waiting.joined(separator: ", ")
  }
}

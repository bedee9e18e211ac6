// SPDX-License-Identifier: Apache-2.0
//
// Checks that the rules of the runtime hold, by walks over all records, queues and slots. A simulation calls it after
// every step, while no thread runs and each one waits or is at a `.call` schedule point: in between, rules are broken
// for a moment.

import Synchronization

/// A check of a runtime from outside, which remembers what it saw.
package struct RuleWatch {
  private let core: Handle<RuntimeCore>
  /// The counts of where each record was found (PS1, PS3, R5).
  private var counts: [RecordCounts] = []
  private var queues: QueueWatch

  package init(_ runtime: ProcessRuntime) {
    core = runtime.core
    queues = QueueWatch(core)
  }

  /// Returns the first rule that does not hold, with the reason.
  package mutating func brokenRule() -> String? {
    countRecords()
    return brokenProcess() ?? queues.brokenRule()
  }

  /// Returns a rule that does not hold although every thread waits and nothing more arrives before the time advances.
  package func brokenRuleAtRest() -> String? {
    for number in 0..<core.it.schedulerCount where core.it.scheduler(number).hasWorkAtAGuess && !isANap {
      return "Z2: work is queued at scheduler \(number), and every scheduler sleeps"
    }
    return core.brokenSlot() ?? core.brokenDeadline() ?? core.brokenBalance()
  }

  /// Whether a scheduler naps before it looks again at work that it has left to another (Z5).
  private var isANap: Bool {
    for number in 0..<core.it.schedulerCount {
      let scheduler = core.it.scheduler(number)
      if scheduler.it.isSearching && scheduler.it.victimWatch.victim != nil { return true }
    }
    return false
  }

  // MARK: Processes

  /// The number of times that a record was found in lists of ready or free processes and as a running process.
  private struct RecordCounts {
    var ready: UInt8 = 0
    var free: UInt8 = 0
    var running: UInt8 = 0
  }

  private mutating func countRecords() {
    let records = core.it.table.usedCount
    for index in counts.indices { counts[index] = RecordCounts() }
    while counts.count < records { counts.append(RecordCounts()) }
    for number in 0..<core.it.schedulerCount {
      let scheduler = core.it.scheduler(number)
      for level in QueueWatch.levels { count(scheduler.it.queue.list(level).it.first, \.ready) }
      count(scheduler.it.remote.newestAtRest, \.ready)
      if let handed = scheduler.it.handed { counts[core.it.table.index(of: handed)].ready += 1 }
      if let running = scheduler.it.running { counts[core.it.table.index(of: running)].running += 1 }
      if let left = scheduler.it.left, left != scheduler.it.running {
        counts[core.it.table.index(of: left)].running += 1
      }
      count(scheduler.it.records.first, \.free)
    }
    for node in 0..<core.it.nodeCount { count(core.it.table.firstFree(node), \.free) }
    if core.it.slots.waiting > 0 { core.it.slots.forEachWaiting { count($0, \.ready) } }
  }

  /// Counts the processes of a list; stops in a circular list when it meets a process for the third time.
  @inline(__always)
  private mutating func count(_ first: ProcessHandle?, _ list: WritableKeyPath<RecordCounts, UInt8>) {
    var next = first
    while let process = next {
      let index = core.it.table.index(of: process)
      counts[index][keyPath: list] += 1
      if counts[index][keyPath: list] > 2 { return }
      next = process.it.next
    }
  }

  private func brokenProcess() -> String? {
    var live = 0
    for index in 0..<core.it.table.usedCount {
      let process = core.it.table[index]
      if process.it.generation.load(ordering: .acquiring) == 0 { continue }  // R8
      let state = process.it.state
      let found = counts[index]
      if state != .terminated { live += 1 }
      if (state == .ready ? 1 : 0) != found.ready {
        return "PS3: \(process.id) is \(state) and in \(found.ready) queues"
      }
      if (state == .running ? 1 : 0) != found.running {
        return "PS1: \(process.id) is \(state), and \(found.running) schedulers have it"
      }
      if found.free > 1 || found.free == 1 && state != .terminated {
        return "R5: the record of \(process.id), which is \(state), is free \(found.free) times"
      }
      if state == .waiting, let broken = process.brokenWait() { return broken }
    }
    return live == core.liveCount ? nil : "I2: \(live) processes live, and \(core.liveCount) are counted"
  }
}

extension Handle<ProcessRecord> {
  /// Returns the reason if a rule does not hold for a waiting process (E2, E4, G2, WC5).
  fileprivate func brokenWait() -> String? {
    guard it.inbox.isParkedAtRest else { return "E2: \(id) waits, and a thread owns it" }
    let signals = it.signals.ordered
    let wants = it.flags.wakingSignals
    let isHeldBack = signals.suspendsHoldBack(it.flags)
    if !isHeldBack && !signals.isDisjoint(with: wants) { return "G2: \(id) waits, and was woken" }
    if !isHeldBack && it.flags.contains(.awaitsAnswer) && it.cell.isAnswered {
      return "WC5: \(id) waits, and its answer is there"
    }
    if it.flags.contains(.wantsMail) && !it.inbox.isEmpty { return "E4: \(id) waits for mail, and mail is there" }
    return nil
  }

  /// The number of messages that the process has not received.
  fileprivate var unreadMessages: Int {
    var count = 0
    forEachUnread { if $0.it.wasSent { count += 1 } }
    return count
  }
}

extension Handle<RuntimeCore> {
  /// Returns the reason if a slot has a wrong count of sharers, or a parked occupant while other processes wait for it
  /// (U3, U4), when no process runs.
  // Order: the table is only asked.
  fileprivate func brokenSlot() -> String? {
    var sharers: [UInt: Int] = [:]
    for process in it.table.all {
      if let slot = process.it.slot, process.it.state != .terminated { sharers[slot.bits, default: 0] += 1 }
    }
    var broken: String?
    it.slots.forEachMade { slot in
      let belong = sharers[slot.bits] ?? 0
      if slot.it.sharers != belong {
        broken = "U3: a slot counts \(slot.it.sharers) processes, and \(belong) belong to it"
      }
      if let occupant = slot.it.occupant, occupant.it.state == .waiting, slot.it.waiting.count > 0 {
        broken = "U4: \(occupant.id) waits, and \(slot.it.waiting.count) others wait for its slot"
      }
    }
    return broken
  }

  /// Returns the reason if the timer entry of a process that waits with a timeout is in no wheel, or is due after the
  /// deadline (Y3), when no process runs.
  ///
  /// A deadline that has passed is not checked. Its entry has expired, and the process is suspended or about to wake.
  // Ordering: relaxed, because no thread stores a deadline meanwhile.
  // Order: the table is only asked.
  fileprivate func brokenDeadline() -> String? {
    for process in it.table.all where process.it.state == .waiting && process.it.flags.contains(.timed) {
      guard let timer = process.it.timer else { return "Y3: \(process.id) waits with a timeout, and has no timer" }
      let deadline = timer.it.deadline.load(ordering: .relaxed)
      if deadline <= now { continue }
      if timer.entry.it.place == .none {
        return "Y3: \(process.id) waits with a timeout, and its entry is in no wheel"
      }
      if timer.entry.it.due > TimerWheel.tick(of: deadline) {
        return "Y3: \(process.id) waits with a timeout, and its entry is due after the deadline"
      }
    }
    return nil
  }

  /// Returns the reason if the counts of messages do not add up, when no process runs.
  fileprivate func brokenBalance() -> String? {
    var unread = 0
    for process in it.table.all { unread += process.unreadMessages }
    let counters = statistics
    let gone = counters.messagesReceived + counters.messagesDestroyed + counters.messagesDropped
    let known = gone + counters.messagesRefused + unread
    guard counters.messagesSent != known else { return nil }
    return "M1: \(counters.messagesSent) messages were sent, and \(known) are accounted for, \(unread) of them unread"
  }
}

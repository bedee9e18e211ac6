// SPDX-License-Identifier: Apache-2.0
//
// Whether the rules of the runtime hold: walks over everything, for simulations, which look after every step. It is
// called while no thread runs and each is at a place of `.call`, or waits: in between, rules are broken for a moment.

import Synchronization

/// Looks at a runtime from outside and remembers what it saw.
package struct RuleWatch {
  private let core: Handle<RuntimeCore>
  /// For each record: where it was found (A1, A3, R5).
  private var places: [SlotMap] = []
  private var queues: QueueWatch

  package init(_ runtime: ProcessRuntime) {
    core = runtime.core
    queues = QueueWatch(core)
  }

  /// The first rule that does not hold, with what it is seen by.
  package mutating func brokenRule() -> String? {
    findPlaces()
    return brokenProcess() ?? queues.brokenRule()
  }

  /// A rule that does not hold though every thread waits and nothing more will come before time goes on.
  package func brokenRuleAtRest() -> String? {
    for number in 0..<core.it.schedulerCount where core.it.scheduler(number).hasWorkAtAGuess && !isANap {
      return "Z2: work is queued at scheduler \(number), and every scheduler sleeps"
    }
    return core.brokenSlot() ?? core.brokenBalance()
  }

  /// Whether a scheduler waits a little for work that is left to another (Z5), which it will look at again.
  private var isANap: Bool {
    for number in 0..<core.it.schedulerCount {
      let scheduler = core.it.scheduler(number)
      if scheduler.it.isSearching && scheduler.it.sighting.victim != nil { return true }
    }
    return false
  }

  // MARK: Processes

  /// How often a record was found.
  private struct SlotMap {
    var ready: UInt8 = 0
    var free: UInt8 = 0
    var running: UInt8 = 0
  }

  private mutating func findPlaces() {
    let records = core.it.table.usedCount
    for index in places.indices { places[index] = SlotMap() }
    while places.count < records { places.append(SlotMap()) }
    for number in 0..<core.it.schedulerCount {
      let scheduler = core.it.scheduler(number)
      for level in QueueWatch.levels { count(scheduler.it.queue.list(level).it.first, \.ready) }
      count(scheduler.it.remote.newestAtRest, \.ready)
      if let handed = scheduler.it.handed { places[core.it.table.index(of: handed)].ready += 1 }
      if let running = scheduler.it.running { places[core.it.table.index(of: running)].running += 1 }
      if let left = scheduler.it.left, left != scheduler.it.running {
        places[core.it.table.index(of: left)].running += 1
      }
      count(scheduler.it.records.first, \.free)
    }
    for node in 0..<core.it.nodeCount { count(core.it.table.firstFree(node), \.free) }
    if core.it.slots.waiting > 0 { core.it.slots.forEachWaiting { count($0, \.ready) } }
  }

  /// Counts where a list has its processes; one that goes round is left when a process was met for the third time.
  @inline(__always)
  private mutating func count(_ first: ProcessHandle?, _ place: WritableKeyPath<SlotMap, UInt8>) {
    var next = first
    while let process = next {
      let index = core.it.table.index(of: process)
      places[index][keyPath: place] += 1
      if places[index][keyPath: place] > 2 { return }
      next = process.it.next
    }
  }

  private func brokenProcess() -> String? {
    var live = 0
    for index in 0..<core.it.table.usedCount {
      let process = core.it.table[index]
      if process.it.generation.load(ordering: .acquiring) == 0 { continue }  // R8
      let state = process.it.state
      let found = places[index]
      if state != .terminated { live += 1 }
      if (state == .ready ? 1 : 0) != found.ready {
        return "A3: \(process.id) is \(state) and in \(found.ready) queues"
      }
      if (state == .running ? 1 : 0) != found.running {
        return "A1: \(process.id) is \(state), and \(found.running) schedulers have it"
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
  /// What is wrong with a process that waits (E2, G2).
  fileprivate func brokenWait() -> String? {
    guard it.inbox.isParkedAtRest else { return "E2: \(id) waits, and somebody has it" }
    let signals = it.signals.ordered
    let wants = it.flags.wakingSignals
    if !signals.areHolding(it.flags) && !signals.isDisjoint(with: wants) { return "G2: \(id) waits, and was woken" }
    if !signals.areHolding(it.flags) && it.flags.contains(.awaitsAnswer) && it.cell.isAnswered {
      return "WC5: \(id) waits, and its answer is there"
    }
    if it.flags.contains(.wantsMail) && !it.inbox.isEmpty { return "E4: \(id) waits for mail, and mail is there" }
    return nil
  }

  /// Messages that it has not received.
  fileprivate var unreadMessages: Int {
    var count = 0
    forEachUnread { if $0.it.wasSent { count += 1 } }
    return count
  }
}

extension Handle<RuntimeCore> {
  /// A slot that counts other processes as its own than belong to it, or that a parked one keeps from somebody who
  /// waits for it (U3, U4), while nothing is under way.
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

  /// What does not add up of messages, while nothing is under way.
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

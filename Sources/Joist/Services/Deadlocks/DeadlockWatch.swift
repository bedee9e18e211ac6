// SPDX-License-Identifier: Apache-2.0
//
// What a runtime does when a circle of waits has closed. A circle that can end by itself is looked at again by the
// watchdog after a tenth of a second: if it is the same, it is reported as one that is stuck for now.
//
// Processes that close a circle at the same moment may each find it. The first one reports it (`ReportedCircles`).

import CJoist
import Synchronization

/// The circles that may end by themselves, until they are looked at again.
final class DeadlockWatch: Sendable {
  private struct Suspect {
    let process: ProcessHandle
    /// The number of its wait.
    let number: UInt
    let since: Int64
  }

  private let suspects: Mutex<[Suspect]>

  init() {
    var room: [Suspect] = []
    room.reserveCapacity(Limits.suspectedCircles)
    suspects = Mutex(room)
  }

  /// Whether there are none.
  var isEmpty: Bool { suspects.withLock { $0.isEmpty } }

  /// Notes a circle; drops it if there are too many.
  fileprivate func add(_ waiting: WaitingProcess, now: Int64) {
    suspects.withLock { suspects in
      if suspects.count == Limits.suspectedCircles { return }
      suspects.append(Suspect(process: waiting.process, number: waiting.number, since: now))
    }
  }

  /// Takes out one circle that is old enough.
  private func next(now: Int64) -> Suspect? {
    suspects.withLock { suspects in
      guard let index = suspects.firstIndex(where: { now - $0.since >= Limits.stuckCircleAfter }) else { return nil }
      return suspects.remove(at: index)
    }
  }

  /// Reports the circles that have not ended by themselves; called by the watchdog.
  func look(_ core: Handle<RuntimeCore>, now: Int64) {
    while let suspect = next(now: now) {
      guard let circle = suspect.process.circle, circle[0].number == suspect.number else { continue }
      core.act(on: circle, closer: nil)
    }
  }
}

/// The circles that were reported last.
private struct ReportedCircles {
  static let all = Mutex(ReportedCircles())
  private var circles: [UInt64] = []
  private var oldest = 0

  private init() { circles.reserveCapacity(Limits.suspectedCircles) }

  /// Notes a circle; returns false if it was noted before.
  mutating func note(_ circle: UInt64) -> Bool {
    if circles.contains(circle) { return false }
    if circles.count < Limits.suspectedCircles {
      circles.append(circle)
    } else {
      circles[oldest] = circle
      oldest = (oldest + 1) % circles.count
    }
    return true
  }
}

extension [WaitingProcess] {
  /// A number that stands for these waits, from wherever the circle was entered.
  ///
  /// All of them count, because a wait of a circle that has ended by itself may become a part of another circle.
  fileprivate var mark: UInt64 {
    reduce(0) { sum, waiting in
      var random = SplitMix64(seed: UInt64(waiting.process.bits))
      var mixed = SplitMix64(seed: random.next() ^ UInt64(waiting.number))
      return sum &+ mixed.next()
    }
  }
}

extension Handle<RuntimeCore> {
  /// Acts on a circle that this process has just closed; called on its own stack, when its wait is open.
  @inline(never)
  func actOnCircle(closedBy process: ProcessHandle) {
    guard joist_has_memory(Limits.trapBytes), let circle = process.circle else { return }
    act(on: circle, closer: process)
  }

  /// Reports a circle, and does what the policy says if it is certain; one that is not certain is reported only when it
  /// is looked at again, where there is no `closer`.
  fileprivate func act(on circle: [WaitingProcess], closer: ProcessHandle?) {
    let isCertain = circle.isCertain
    if !isCertain && closer != nil { return it.deadlocks.add(circle[0], now: now) }
    let mark = circle.mark
    guard ReportedCircles.all.withLock({ $0.note(mark) }) else { return }
    let deadlock = describe(circle, isCertain: isCertain)
    it.reports.add(self, about: circle[0].process.id) { isCertain ? .deadlock(deadlock) : .stuckForNow(deadlock) }
    if isCertain { breakUp(circle, closer) }
  }

  /// Breaks a certain circle, if that is the policy.
  private func breakUp(_ circle: [WaitingProcess], _ closer: ProcessHandle?) {
    switch it.configuration.onDeadlock {
    case .report: break
    case .breakYoungest:
      let calls = circle.filter { $0.process.waitReason == .call }
      // The one that closed the circle began last.
      let youngest = calls.first { $0.process == closer } ?? calls.max { $0.process.waitsSince < $1.process.waitsSince }
      if let youngest { _ = youngest.ticket.answer(.deadlock, from: Scheduler.current) }
    case .end(let name):
      if let entry = it.names.find(name), circle.contains(where: { $0.process == entry.record }) {
        entry.record.tellToExit(.killed, entry.id.generation)
      }
    }
  }

  /// Describes a circle for a report.
  func describe(_ circle: [WaitingProcess], isCertain: Bool) -> Deadlock {
    let clock = it.platform.ticks
    let now = clock.count
    let waits = circle.map { waiting in
      let process = waiting.process
      let since = process.waitsSince
      return Deadlock.Wait(
        process: process.id,
        name: name(of: waiting),
        reason: process.waitReason ?? .call,
        awaited: waiting.edge.target?.id ?? process.id,
        waitingFor: .nanoseconds(now > since ? clock.nanoseconds(now - since) : 0),
        hasTimeout: waiting.edge.isTimed,
        backtrace: process.backtrace
      )
    }
    return Deadlock(waits: waits, isCertain: isCertain)
  }

  // Ordering: a process of another runtime, whose wait is still open after this thread was counted as a visitor there,
  // keeps that runtime until the visit ends (J3). Sequentially consistent, because the wait is read after the store.
  /// A registered name of a process that waits; nil if it has none, or waits no longer.
  private func name(of waiting: WaitingProcess) -> String? {
    let home = waiting.process.home
    home.it.visitors.wrappingAdd(1, ordering: .sequentiallyConsistent)
    defer { home.it.visitors.wrappingSubtract(1, ordering: .releasing) }
    guard home == self || waiting.process.edgeWait == waiting else { return nil }
    return home.it.names.name(of: waiting.process.id)
  }
}

extension [WaitingProcess] {
  /// Whether no wait of the circle can end by itself.
  var isCertain: Bool {
    for (index, waiting) in enumerated() {
      if waiting.edge.isTimed || waiting.edge.mayEndOtherwise { return false }
      guard waiting.process.waitReason == .call else { continue }
      let callee = self[(index + 1) % count]
      // A callee that discards its oldest messages may discard the request.
      if callee.process.dropsOldest { return false }
      if callee.edge.mayReplyElsewhere && callee.process.mayHaveReceived(waiting.ticket) { return false }
    }
    return true
  }
}

extension WaitingProcess {
  /// The ticket of the wait.
  fileprivate var ticket: WaitTicket { WaitTicket(process.cell, number: number) }
}

extension Handle<ProcessRecord> {
  // Ordering: relaxed, notes for observers.
  private var note: WaitNote { WaitNote(bits: it.wait.load(ordering: .relaxed)) }
  fileprivate var waitReason: WaitReason? { note.reason }
  fileprivate var waitsSince: UInt64 { note.since }

  /// Whether the process may have received the request with that ticket.
  ///
  /// False if the request is certainly unread: no other process can have the address of its reply then.
  fileprivate func mayHaveReceived(_ ticket: WaitTicket) -> Bool {
    let isOwn = Scheduler.current?.it.running == self
    guard isOwn || it.inbox.claim() else { return true }
    defer { if !isOwn { release() } }
    return servicesIfAny?.it.calls.contains(ticket) ?? false
  }
}

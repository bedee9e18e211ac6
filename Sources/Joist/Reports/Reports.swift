// SPDX-License-Identifier: Apache-2.0
//
// Where reports go. Rules:
// RP1. Of what happens in one second only so much is reported; the rest is counted, and the count goes with the next.
//      So a flood of dead letters costs each of them one look at a word.
// RP2. A handler is a user's code: it runs in a process of its own, which takes one report after the other. What that
//      process does itself is not reported.

import CJoist
import Synchronization

/// The reports of one runtime.
final class Reports: Sendable {
  private struct State {
    var handler: (@Sendable (Report) -> Void)?
    /// The process that runs it.
    var reporter: ProcessRef<Report>?
    var recent: [Report] = []
    /// Signals that were reported to have another handler.
    var lostSignals: [Int32] = []
  }

  private let state = Mutex(State())
  // Ordering: relaxed, all three, for they are figures only and order nothing. Setting them anew races with whoever
  // reports just then, who counts to the one or the other.
  private let suppressed = Atomic<Int>(0)
  /// In the upper half the second, in the lower how many were reported in it (RP1).
  private let budget = Atomic<UInt64>(0)
  private let mostInASecond = Atomic<Int>(Limits.reportsInASecond)

  var recent: [Report] { state.withLock { $0.recent } }

  func setHandler(_ handler: (@Sendable (Report) -> Void)?, perSecond: Int) {
    mostInASecond.store(max(1, perSecond), ordering: .relaxed)
    // What was there is destroyed without the lock: a handler's captures may have a `deinit`.
    let old = state.withLock { state in
      defer {
        state.handler = handler
        state.reporter = nil
      }
      return (state.handler, state.reporter)
    }
    old.1?.exit(.shutdown)
  }

  /// Forgets everything, for the next runtime; what goes may send, so that is done while there is still this one.
  func forget() {
    let old = state.withLock { state in
      defer { state = State() }
      return state
    }
    withExtendedLifetime(old) {}
    suppressed.store(0, ordering: .relaxed)
    budget.store(0, ordering: .relaxed)
    mostInASecond.store(Limits.reportsInASecond, ordering: .relaxed)
  }

  /// Reports something that happens to a process, unless it is too much.
  func add(_ core: Handle<RuntimeCore>, about process: ProcessID, _ event: () -> Report.Event) {
    guard isWithinBudget(core.it.platform.ticks) else {
      suppressed.add(1, ordering: .relaxed)
      return
    }
    let event = event()
    var forgotten: Report?
    let waiting = state.withLock { state -> (@Sendable (Report) -> Void, ProcessRef<Report>?, Report)? in
      if process == state.reporter?.id { return nil }
      let report = Report(event: event, suppressed: suppressed.exchange(0, ordering: .relaxed))
      if state.recent.count == Limits.reportsKept { forgotten = state.recent.removeFirst() }
      state.recent.append(report)
      return state.handler.map { ($0, state.reporter, report) }
    }
    // It goes without the lock: an error in it may have a `deinit`.
    withExtendedLifetime(forgotten) {}
    guard let (handler, reporter, report) = waiting else { return }
    (reporter?.isAlive == true ? reporter : makeReporter(core, handler))?.send(report)
  }

  /// Reports, once, that a signal has another handler.
  func crashesNotContained(_ core: Handle<RuntimeCore>, signal: Int32) {
    let isNew = state.withLock { state in
      if state.lostSignals.contains(signal) { return false }
      state.lostSignals.append(signal)
      return true
    }
    if isNew { add(core, about: ProcessID(bits: 0)) { .crashesNotContained(signal: signal) } }
  }

  /// A process that handles reports (RP2); nil while the runtime ends.
  private func makeReporter(
    _ core: Handle<RuntimeCore>,
    _ handler: @escaping @Sendable (Report) -> Void
  ) -> ProcessRef<Report>? {
    let options = SpawnOptions(mailbox: .bounded(Limits.reportsWaiting, whenFull: .dropNewest))
    let request = SpawnRequest(options) { (process: ProcessContext<Report>) in
      while true { handler(try process.receive()) }
    }
    guard let spawned = try? core.spawn(request) else { return nil }
    let made = ProcessRef<Report>(spawned)
    // Somebody else may have made one at the same moment. That one stays: it may have been sent a report already.
    let other = state.withLock { state -> ProcessRef<Report>? in
      if let other = state.reporter, other.isAlive { return other }
      state.reporter = made
      return nil
    }
    guard let other else { return made }
    made.exit(.shutdown)
    return other
  }

  private func isWithinBudget(_ clock: TickClock) -> Bool {
    let second = clock.count / clock.perSecond & 0xffff_ffff
    let most = UInt64(mostInASecond.load(ordering: .relaxed))
    var word = budget.load(ordering: .relaxed)
    while true {
      let isNow = word >> 32 == second
      if isNow && word & 0xffff_ffff >= most { return false }
      let next = isNow ? word + 1 : second << 32 | 1
      let (done, seen) = budget.weakCompareExchange(expected: word, desired: next, ordering: .relaxed)
      if done { return true }
      word = seen
    }
  }
}

extension Handle<MessageNode> {
  /// Reports that this message, for that process, was not delivered.
  func reportDead(_ process: ProcessHandle, _ cause: DeadLetter.Cause) {
    let core = process.home
    let receiver = ProcessID(slot: core.it.table.index(of: process), generation: it.generation)
    core.it.reports.add(core, about: receiver) {
      let sender = it.sender == 0 ? nil : ProcessID(bits: it.sender)
      return .deadLetter(DeadLetter(receiver: receiver, sender: sender, type: typeName, cause: cause))
    }
  }
}

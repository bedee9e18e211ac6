// SPDX-License-Identifier: Apache-2.0
//
// Where reports go. Rules:
// RP1. Of what happens in one second only so much is reported; the rest is counted, and the count goes with the next.
//      So a flood of dead letters costs each of them one look at a word.
// RP2. A handler is a user's code: it runs in a process of its own, which takes one report after the other. What that
//      process does itself is not reported.
// RP3. Reports wait here and not in that process's mailbox, so that they outlive it. When it ends, and reports wait,
//      its watch makes a new one.
// RP4. A report may hold an error whose `deinit` is a user's code: it is destroyed by the rules UD1 and UD2.
// RP5. Nothing is allocated under the lock: a process may report its end where there is no memory. So the handler is an
//      object, for a closure that is handed out may be wrapped in another.

import CJoist
import Synchronization

/// The reports of one runtime.
final class Reports: Sendable {
  /// What the user has reports handled with (RP5).
  private final class Handler: Sendable {
    let handle: @Sendable (Report) -> Void
    init(_ handle: @escaping @Sendable (Report) -> Void) { self.handle = handle }
  }

  private struct State {
    var handler: Handler?
    /// The process that runs it, and whether it waits until it is told of a report.
    var reporter: ProcessRef<Void>?
    var isWaiting = false
    /// Reports for the handler.
    var waiting = ReportQueue(capacity: 0)
    var recent = ReportQueue(capacity: Limits.reportsKept)
    /// A bit for each signal that was reported to have another handler.
    var lostSignals: UInt64 = 0
  }

  private let state = Mutex(State())
  // Ordering: relaxed, all three, for they are figures only and order nothing. Setting them anew races with whoever
  // reports just then, who counts to the one or the other.
  private let suppressed = Atomic<Int>(0)
  /// In the upper half the second, in the lower how many were reported in it (RP1).
  private let budget = Atomic<UInt64>(0)
  private let maxPerSecond = Atomic<Int>(Limits.reportsInASecond)

  var recent: [Report] {
    var list: [Report] = []
    list.reserveCapacity(Limits.reportsKept)
    _ = state.withLock { $0.recent.copy(to: &list) }
    return list
  }

  func setHandler(_ core: Handle<RuntimeCore>, _ handler: (@Sendable (Report) -> Void)?, perSecond: Int) {
    maxPerSecond.store(max(1, perSecond), ordering: .relaxed)
    let handler = handler.map { Handler($0) }
    // What is not needed is destroyed without the lock: a handler's captures may have a `deinit`.
    var room = ReportQueue(capacity: Limits.reportsWaiting)
    let (old, reporter) = state.withLock { state in
      defer {
        state.handler = handler
        state.reporter = nil
      }
      if handler == nil || state.handler == nil { swap(&state.waiting, &room) }
      return (state.handler, state.reporter)
    }
    reporter?.exit(.shutdown)
    if handler != nil, hasWaiting { makeReporter(core) }
    var undelivered = Undelivered()
    while let report = room.removeFirst() { if report.holdsError { undelivered.add(value: report) } }
    core.destroyHere(undelivered)
    withExtendedLifetime(old) {}
  }

  /// Forgets everything, for the next runtime; what goes may send, so that is done while there is still this one.
  func forget(_ core: Handle<RuntimeCore>) {
    var old = State()
    state.withLock { swap(&$0, &old) }
    suppressed.store(0, ordering: .relaxed)
    budget.store(0, ordering: .relaxed)
    maxPerSecond.store(Limits.reportsInASecond, ordering: .relaxed)
    var undelivered = Undelivered()
    while let report = old.recent.removeFirst() ?? old.waiting.removeFirst() {
      if report.holdsError { undelivered.add(value: report) }
    }
    if let handler = old.handler.take() { undelivered.add(value: handler) }
    core.destroyHere(undelivered)
  }

  /// What has to be done when a report was added.
  private enum Next {
    case nothing, makeReporter
    case tell(ProcessRef<Void>)
  }

  /// Reports something that happens to a process, a supervisor's child perhaps, unless it is too much.
  func add(
    _ core: Handle<RuntimeCore>,
    about process: ProcessID,
    as child: Report.Child? = nil,
    _ event: () -> Report.Event
  ) {
    guard isWithinBudget(core.it.platform.ticks) else {
      suppressed.add(1, ordering: .relaxed)
      return
    }
    let event = event()
    var child = child
    if let above = child?.supervisor, let name = core.it.names.name(of: above) { child?.supervisorName = name }
    var forgotten: Report?
    let next: Next = state.withLock { state in
      if process == state.reporter?.id { return .nothing }
      let report = Report(event: event, child: child, suppressed: suppressed.exchange(0, ordering: .relaxed))
      if state.recent.isFull { forgotten = state.recent.removeFirst() }
      _ = state.recent.append(report)
      guard state.handler != nil else { return .nothing }
      if !state.waiting.append(report) { suppressed.add(1 + report.suppressed, ordering: .relaxed) }
      guard let reporter = state.reporter else { return .makeReporter }
      guard state.isWaiting else { return .nothing }
      state.isWaiting = false
      return .tell(reporter)
    }
    switch next {
    case .nothing: break
    case .makeReporter: makeReporter(core)
    case .tell(let reporter): reporter.send(())
    }
    guard let forgotten, forgotten.holdsError else { return }
    var undelivered = Undelivered()
    undelivered.add(value: forgotten)
    core.destroyElsewhere(undelivered)
  }

  /// Reports, once, that a signal has another handler.
  func crashesNotContained(_ core: Handle<RuntimeCore>, signal: Int32) {
    let bit: UInt64 = 1 << UInt64(signal)
    let isNew = state.withLock { state in
      defer { state.lostSignals |= bit }
      return state.lostSignals & bit == 0
    }
    if isNew { add(core, about: ProcessID(bits: 0)) { .crashesNotContained(signal: signal) } }
  }

  private var hasWaiting: Bool { state.withLock { $0.waiting.count > 0 } }

  /// Makes a process that handles reports (RP2), if there is none; the runtime refuses it while it ends.
  private func makeReporter(_ core: Handle<RuntimeCore>) {
    let request = SpawnRequest(.init()) { (process: ProcessContext<Void>) in
      let me = process.id
      while true {
        while let (handler, report) = self.next(for: me) {
          handler.handle(report)
          try process.yield()
        }
        _ = try process.receive()
      }
    }
    guard let spawned = try? core.spawn(request) else { return }
    let made = ProcessRef<Void>(spawned)
    let isTheOne = state.withLock { state in
      guard state.reporter == nil, state.handler != nil else { return false }
      state.reporter = made
      state.isWaiting = false
      return true
    }
    // Somebody else may have made one at the same moment.
    guard isTheOne else { return made.exit(.shutdown) }
    let watch = Watch.object(ReporterWatch(self, core), isFirst: false)
    guard spawned.record.watch(spawned.id, watch) != nil else { return reporterEnded(spawned.id, core) }
    made.send(())
  }

  /// The next report for that reporter, which is told of later ones when there is none.
  private func next(for reporter: ProcessID) -> (Handler, Report)? {
    state.withLock { state in
      guard state.reporter?.id == reporter, let handler = state.handler else { return nil }
      guard let report = state.waiting.removeFirst() else {
        state.isWaiting = true
        return nil
      }
      return (handler, report)
    }
  }

  /// A reporter has ended: another goes on with what waits (RP3).
  fileprivate func reporterEnded(_ reporter: ProcessID, _ core: Handle<RuntimeCore>) {
    let isNeeded = state.withLock { state in
      guard state.reporter?.id == reporter else { return false }
      state.reporter = nil
      return state.waiting.count > 0
    }
    if isNeeded { makeReporter(core) }
  }

  private func isWithinBudget(_ clock: TickClock) -> Bool {
    let second = clock.count / clock.perSecond & 0xffff_ffff
    let most = UInt64(maxPerSecond.load(ordering: .relaxed))
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

/// Hears of a reporter's end.
private final class ReporterWatch: Watcher {
  private let reports: Reports
  private let core: Handle<RuntimeCore>

  init(_ reports: Reports, _ core: Handle<RuntimeCore>) {
    self.reports = reports
    self.core = core
  }

  func processEnded(_ process: ProcessHandle, _ id: ProcessID, _ reason: ExitReason) { reports.reporterEnded(id, core) }
}

extension Report {
  /// Whether it holds an error, whose `deinit` is a user's code (RP4).
  fileprivate var holdsError: Bool {
    switch event {
    case .abnormalExit(_, _, .error), .linkedExit(_, _, _, .error): true
    default: false
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

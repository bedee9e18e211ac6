// SPDX-License-Identifier: Apache-2.0
//
// The destination of reports: a handler's queue and a list of recent ones.
//
// At most a fixed number of events is reported per second. Further events are counted, and the count is passed on with
// the next report, so in a flood of dead letters each costs one look at a word.
//
// A handler is user code. It runs in a process of its own, the reporter, which takes one report after the other. Events
// that concern the reporter itself are not reported. Reports wait here, not in the reporter's mailbox, so that they
// outlive the reporter. When it ends while reports wait, its watch makes a new one.
//
// A report may hold an error whose `deinit` is user code, so reports are destroyed by the rules UD1 and UD2. Nothing is
// allocated under the lock, because a process may report its end when there is no memory. For the same reason the
// handler is an object: a closure that is copied out of the state might be wrapped in another one.

import CJoist
import Synchronization

/// The reports of one runtime.
final class Reports: Sendable {
  /// The user's handler, in an object so that copying it does not allocate.
  private final class Handler: Sendable {
    let handle: @Sendable (Report) -> Void
    init(_ handle: @escaping @Sendable (Report) -> Void) { self.handle = handle }
  }

  private struct State {
    var handler: Handler?
    /// The process that runs the handler, and whether it waits to be told of a report.
    var reporter: ProcessRef<Void>?
    var isWaiting = false
    /// The reports that wait for the handler.
    var waiting = ReportQueue(capacity: 0)
    var recent = ReportQueue(capacity: Limits.reportsKept)
    /// The signals, one bit each, that were reported to have another handler.
    var lostSignals: UInt64 = 0
  }

  private let state = Mutex(State())
  // Ordering: relaxed, all three, because they are statistics and order nothing. Setting them anew races with a thread
  // that reports at the same time and counts towards the old or the new value.
  private let suppressed = Atomic<Int>(0)
  /// The current second in the upper half, and the number of reports in that second in the lower half.
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
    // What is no longer needed is destroyed without the lock, because a handler's captures may have a `deinit`.
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

  /// Resets the state for the next runtime.
  ///
  /// Destroying the reports may send messages, so it is done while the present runtime still exists.
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

  /// The step that remains after a report was added.
  private enum Next {
    case nothing, makeReporter
    case tell(ProcessRef<Void>)
  }

  /// Adds a report of an event that concerns a process, unless the number of reports per second is reached.
  ///
  /// `child` describes the process if it is a supervisor's child.
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

  /// Reports, once per signal, that the signals have other handlers; bit n stands for signal n.
  func crashesNotContained(_ core: Handle<RuntimeCore>, signals: UInt64) {
    var new = state.withLock { state in
      defer { state.lostSignals |= signals }
      return signals & ~state.lostSignals
    }
    while new != 0 {
      let signal = Int32(new.trailingZeroBitCount)
      new &= new - 1
      add(core, about: ProcessID(bits: 0)) { .crashesNotContained(signal: signal) }
    }
  }

  private var hasWaiting: Bool { state.withLock { $0.waiting.count > 0 } }

  /// Spawns the reporter if there is none; a runtime that is shutting down refuses that.
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
    // Another thread may have made one at the same moment.
    guard isTheOne else { return made.exit(.shutdown) }
    let watch = Watch.object(ReporterWatch(self, core), isFirst: false)
    guard spawned.record.watch(spawned.id, watch) != nil else { return reporterEnded(spawned.id, core) }
    made.send(())
  }

  /// Returns the handler and the next report for that reporter.
  ///
  /// Returns nil if no report waits, and notes that the reporter is to be told of the next one.
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

  /// Replaces a reporter that has ended by a new one if reports wait.
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
    let limit = UInt64(maxPerSecond.load(ordering: .relaxed))
    var word = budget.load(ordering: .relaxed)
    while true {
      let isNow = word >> 32 == second
      if isNow && word & 0xffff_ffff >= limit { return false }
      let next = isNow ? word + 1 : second << 32 | 1
      let (done, seen) = budget.weakCompareExchange(expected: word, desired: next, ordering: .relaxed)
      if done { return true }
      word = seen
    }
  }
}

/// A watch that tells of the reporter's end.
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
  /// Whether the report holds an error, whose `deinit` is user code.
  fileprivate var holdsError: Bool {
    switch event {
    case .abnormalExit(_, _, .error), .linkedExit(_, _, _, .error): true
    default: false
    }
  }
}

extension Handle<MessageNode> {
  /// Reports that this message was not delivered to the process.
  func reportDead(_ process: ProcessHandle, _ cause: DeadLetter.Cause) {
    let core = process.home
    let receiver = ProcessID(slot: core.it.table.index(of: process), generation: it.generation)
    core.it.reports.add(core, about: receiver) {
      let sender = it.sender == 0 ? nil : ProcessID(bits: it.sender)
      return .deadLetter(DeadLetter(receiver: receiver, sender: sender, type: typeName, cause: cause))
    }
  }
}

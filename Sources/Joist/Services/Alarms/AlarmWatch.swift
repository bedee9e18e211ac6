// SPDX-License-Identifier: Apache-2.0
//
// Compares the figures of a runtime with their thresholds; used by the watchdog's thread alone.

import CJoist
import Synchronization

/// What the watchdog remembers of alarms.
struct AlarmWatch {
  /// What an alarm is about.
  private struct Subject: Hashable {
    let kind: Alarm.Kind
    /// The process; zero bits for an alarm about the whole runtime.
    let process: ProcessID
  }

  private struct State {
    /// Whether the figure has passed its threshold, and whether that was reported.
    var (isRaised, isReported) = (false, false)
    /// The time of the last alarm, and the number of those that were left out since.
    var last: Int64?
    var suppressed = 0
  }

  private var states: [Subject: State] = [:]
  private var lastLook = Int64.min
  /// The record at which the next look at processes begins.
  private var nextRecord = 0
  /// The memory, restarts and crashes at each of the last looks that were a second apart.
  private var history: [(time: Int64, bytes: Int, restarts: Int, crashes: Int)] = []

  /// Looks at all figures, ten times a second at most, and once more before the watchdog rests.
  mutating func look(_ core: Handle<RuntimeCore>, now: Int64, slices: [LongSlice], isLast: Bool) {
    guard now &- lastLook >= Limits.alarmInterval || lastLook == .min || isLast,
      !core.it.configuration.alarms.thresholds.isEmpty
    else { return }
    lastLook = now
    for slice in slices {
      for kind in [Alarm.Kind.longSlice, .stuckScheduler] {
        compare(core, kind, slice.process, slice.figure(kind), now)
      }
    }
    lookAtProcesses(core, now)
    lookAtHistory(core, now)
    lookAtResources(core, now)
    endOld(core, now, slices)
  }

  /// Looks at the next few thousand processes.
  private mutating func lookAtProcesses(_ core: Handle<RuntimeCore>, _ now: Int64) {
    let used = core.it.table.usedCount
    for _ in 0..<min(used, Limits.alarmBatch) {
      if nextRecord >= used { nextRecord = 0 }
      let record = core.it.table[nextRecord]
      nextRecord += 1
      let generation = record.it.generation.load(ordering: .acquiring)
      guard generation != 0, record.it.usage.parentIfBegun != nil, record.it.state != .terminated else { continue }
      let id = ProcessID(slot: nextRecord - 1, generation: generation)
      for kind in [Alarm.Kind.longMailbox, .longBlocking] { compare(core, kind, id, record.figure(kind), now) }
    }
  }

  private mutating func lookAtHistory(_ core: Handle<RuntimeCore>, _ now: Int64) {
    let crashes = core.it.counters.trapsContained.total + core.it.counters.overflowsContained.total
    let restarts = core.it.counters.restarts.total
    let bytes = core.it.memory.lastBytes
    if history.last.map({ now - $0.time >= 1_000_000_000 }) ?? true {
      history.append((now, bytes, restarts, crashes))
      if history.count > Limits.alarmHistory { history.removeFirst() }
    }
    // The watchdog rests while nothing runs, so entries may be much older than a minute. The last one is not.
    func first(within seconds: Int64) -> (time: Int64, bytes: Int, restarts: Int, crashes: Int) {
      history.first { now - $0.time <= seconds * 1_000_000_000 } ?? (now, bytes, restarts, crashes)
    }
    let runtime = ProcessID(bits: 0)
    let before = first(within: 10).bytes
    let growth = before > Limits.growingMemoryFrom ? max(0, bytes - before) / (before / 100) : 0
    compare(core, .growingMemory, runtime, growth, now)
    compare(core, .restartStorm, runtime, restarts - first(within: 5).restarts, now)
    compare(core, .trapRate, runtime, crashes - first(within: 60).crashes, now)
  }

  /// Looks at what the runtime has a limited number of.
  private mutating func lookAtResources(_ core: Handle<RuntimeCore>, _ now: Int64) {
    let runtime = ProcessID(bits: 0)
    let spares = core.it.configuration.spareSchedulers
    compare(core, .sparesUsed, runtime, spares == 0 ? 0 : 100 * core.sparesUsed / spares, now)
    let threads = core.it.configuration.blockingThreads
    compare(core, .blockingThreadsUsed, runtime, 100 * core.it.blocking.busyThreads / threads, now)
    let lost = core.it.configuration.onTrap == .contain ? joist_faults_lost().nonzeroBitCount : 0
    compare(core, .lostHandlers, runtime, lost, now)
  }

  /// Ends the alarms about processes whose figures are below their thresholds again.
  ///
  /// Not all of these processes are among those that were just looked at.
  private mutating func endOld(_ core: Handle<RuntimeCore>, _ now: Int64, _ slices: [LongSlice]) {
    // Order: each entry is looked at by itself, and those that are over are reported in order of their subjects.
    let over = states.compactMap { subject, state -> (subject: Subject, value: Int)? in
      guard state.isRaised, subject.process.bits != 0,
        let threshold = core.it.configuration.alarms.thresholds[subject.kind]
      else { return nil }
      let value =
        switch subject.kind {
        case .longSlice, .stuckScheduler: slices.first { $0.process == subject.process }?.figure(subject.kind)
        default: core.record(of: subject.process)?.figure(subject.kind)
        }
      return value ?? 0 < threshold.endsBelow ? (subject, value ?? 0) : nil
    }
    let ordered = over.sorted { one, other in
      (one.subject.process, one.subject.kind.rawValue) < (other.subject.process, other.subject.kind.rawValue)
    }
    for (subject, value) in ordered { compare(core, subject.kind, subject.process, value, now) }
    if states.count > Limits.alarmSubjects { states = states.filter { $0.value.isRaised } }
  }

  /// Compares a figure with its threshold, and reports if it has passed it or has come back.
  ///
  /// A rise that comes too soon after the last alarm is reported later if it lasts, and counted otherwise.
  private mutating func compare(
    _ core: Handle<RuntimeCore>,
    _ kind: Alarm.Kind,
    _ process: ProcessID,
    _ value: Int,
    _ now: Int64
  ) {
    guard let threshold = core.it.configuration.alarms.thresholds[kind] else { return }
    let subject = Subject(kind: kind, process: process)
    let known = states[subject]
    let isHigh = value >= threshold.raisesAt
    if known == nil && (!isHigh || states.count > Limits.alarmSubjects) { return }
    var state = known ?? State()
    if isHigh && !state.isReported {
      state.isRaised = true
      let interval = core.it.configuration.alarms.minimumInterval.nanosecondsClamped
      if state.last.map({ now - $0 >= interval }) ?? true {
        state.isReported = true
        report(core, kind, process, value, threshold.raisesAt, state)
        (state.last, state.suppressed) = (now, 0)
      }
    } else if state.isRaised && value < threshold.endsBelow {
      let wasReported = state.isReported
      (state.isRaised, state.isReported) = (false, false)
      if wasReported {
        report(core, kind, process, value, threshold.endsBelow, state)
      } else {
        state.suppressed += 1
      }
    }
    states[subject] = state
  }

  private func report(
    _ core: Handle<RuntimeCore>,
    _ kind: Alarm.Kind,
    _ process: ProcessID,
    _ value: Int,
    _ threshold: Int,
    _ state: State
  ) {
    let hasMemory = joist_has_memory(Limits.alarmEventsBytes)
    let alarm = Alarm(
      kind: kind,
      isRaised: state.isRaised,
      value: value,
      threshold: threshold,
      process: process.bits == 0 ? nil : process,
      name: process.bits == 0 ? nil : core.it.names.name(of: process),
      suppressed: state.suppressed,
      events: hasMemory ? core.lastEvents(of: process.bits == 0 ? nil : process, limit: Limits.alarmEvents) : []
    )
    core.it.reports.add(core, about: process) { .alarm(alarm) }
  }
}

extension LongSlice {
  /// The figure of an alarm about the process: milliseconds.
  fileprivate func figure(_ kind: Alarm.Kind) -> Int {
    kind == .stuckScheduler && !isStuck ? 0 : Int(nanoseconds / 1_000_000)
  }
}

extension ProcessHandle {
  /// The figure of an alarm about the process: messages, or milliseconds in a closure of `blocking`.
  // Ordering: relaxed, guesses.
  fileprivate func figure(_ kind: Alarm.Kind) -> Int {
    if kind == .longMailbox { return mailboxLengthAtAGuess }
    let note = WaitNote(bits: it.wait.load(ordering: .relaxed))
    guard note.reason == .blocking, it.state == .waiting else { return 0 }
    let clock = home.it.platform.ticks
    let ticks = clock.count
    return ticks > note.since ? Int(clock.nanoseconds(ticks - note.since) / 1_000_000) : 0
  }
}

extension Handle<RuntimeCore> {
  /// Returns the last events of a process, or of all processes, in the rings of all schedulers, oldest first.
  func lastEvents(of process: ProcessID?, limit: Int) -> [RecorderEvent] {
    var events: [RecorderEvent] = []
    for number in 0..<it.schedulerCount {
      let entries = it.scheduler(number).it.ring.entries()
      let all = RecorderReader.events(entries, ticksPerSecond: it.platform.ticks.perSecond)
      events += all.filter { process == nil || $0.process == process || $0.other == process }.suffix(limit)
    }
    return Array(events.sorted { $0.ticks < $1.ticks }.suffix(limit))
  }
}

extension Duration {
  /// The duration in nanoseconds, at most as many as fit.
  fileprivate var nanosecondsClamped: Int64 {
    let (seconds, attoseconds) = components
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    return overflow ? .max : product &+ attoseconds / 1_000_000_000
  }
}

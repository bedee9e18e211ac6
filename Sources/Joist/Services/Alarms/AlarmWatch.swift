// SPDX-License-Identifier: Apache-2.0
//
// Compares the figures of a runtime with their thresholds; used by the watchdog's thread alone.

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
    var isRaised = false
    /// The time of the last alarm, and the number of those left out since.
    var last: Int64?
    var suppressed = 0
  }

  private var states: [Subject: State] = [:]
  private var lastLook = Int64.min
  /// The record at which the next look at processes begins.
  private var nextRecord = 0
  /// The memory, restarts and crashes at each of the last looks that were a second apart.
  private var history: [(time: Int64, bytes: Int, restarts: Int, crashes: Int)] = []

  /// Looks at all figures, ten times a second at most.
  mutating func look(_ core: Handle<RuntimeCore>, now: Int64, slices: [LongSlice]) {
    guard now &- lastLook >= Limits.alarmInterval || lastLook == .min, !core.it.configuration.alarms.thresholds.isEmpty
    else { return }
    lastLook = now
    for slice in slices {
      let milliseconds = Int(slice.nanoseconds / 1_000_000)
      compare(core, .longSlice, slice.process, milliseconds, now)
      if slice.isStuck { compare(core, .stuckScheduler, slice.process, milliseconds, now) }
    }
    lookAtProcesses(core, now)
    lookAtHistory(core, now)
    endOld(core, now, present: slices.map(\.process))
  }

  /// Looks at the next few thousand processes.
  // Ordering: relaxed, guesses.
  private mutating func lookAtProcesses(_ core: Handle<RuntimeCore>, _ now: Int64) {
    let used = core.it.table.usedCount
    let clock = core.it.platform.ticks
    let ticks = clock.count
    for _ in 0..<min(used, Limits.alarmBatch) {
      if nextRecord >= used { nextRecord = 0 }
      let record = core.it.table[nextRecord]
      nextRecord += 1
      let generation = record.it.generation.load(ordering: .acquiring)
      guard generation != 0, record.it.state != .terminated else { continue }
      let id = ProcessID(slot: nextRecord - 1, generation: generation)
      compare(core, .longMailbox, id, record.mailboxLengthAtAGuess, now)
      let note = WaitNote(bits: record.it.wait.load(ordering: .relaxed))
      if note.reason == .blocking, record.it.state == .waiting, ticks > note.since {
        compare(core, .longBlocking, id, Int(clock.nanoseconds(ticks - note.since) / 1_000_000), now)
      }
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
    let runtime = ProcessID(bits: 0)
    if let then = history.last(where: { now - $0.time >= 10_000_000_000 }), then.bytes > Limits.growingMemoryFrom {
      compare(core, .growingMemory, runtime, max(0, (bytes - then.bytes) / max(1, then.bytes / 100)), now)
    }
    let fiveSeconds = history.first { now - $0.time <= 5_000_000_000 }
    compare(core, .restartStorm, runtime, restarts - (fiveSeconds?.restarts ?? restarts), now)
    compare(core, .trapRate, runtime, crashes - (history.first?.crashes ?? crashes), now)
  }

  /// Ends the alarms of processes that have ended, and of slices that are over.
  private mutating func endOld(_ core: Handle<RuntimeCore>, _ now: Int64, present: [ProcessID]) {
    // Order: each entry is looked at by itself, and those that are over are reported in order of their subjects.
    let over = states.filter { subject, state in
      guard state.isRaised, subject.process.bits != 0 else { return false }
      let isOfSlice = subject.kind == .longSlice || subject.kind == .stuckScheduler
      return isOfSlice ? !present.contains(subject.process) : core.record(of: subject.process) == nil
    }
    for subject in over.keys.sorted(by: { ($0.process, $0.kind.rawValue) < ($1.process, $1.kind.rawValue) }) {
      compare(core, subject.kind, subject.process, 0, now)
    }
    if states.count > Limits.alarmSubjects { states = states.filter { $0.value.isRaised } }
  }

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
    let isRaised = known?.isRaised ?? false
    guard isRaised ? value < threshold.endsBelow : value >= threshold.raisesAt else { return }
    var state = known ?? State()
    state.isRaised = !isRaised
    let interval = core.it.configuration.alarms.minimumInterval
    if !isRaised, let last = state.last, now - last < interval.nanosecondsClamped {
      state.suppressed += 1
    } else {
      report(core, kind, process, value, isRaised ? threshold.endsBelow : threshold.raisesAt, &state, now)
    }
    states[subject] = state
  }

  private func report(
    _ core: Handle<RuntimeCore>,
    _ kind: Alarm.Kind,
    _ process: ProcessID,
    _ value: Int,
    _ threshold: Int,
    _ state: inout State,
    _ now: Int64
  ) {
    let alarm = Alarm(
      kind: kind,
      isRaised: state.isRaised,
      value: value,
      threshold: threshold,
      process: process.bits == 0 ? nil : process,
      name: process.bits == 0 ? nil : core.it.names.name(of: process),
      suppressed: state.suppressed,
      events: core.lastEvents(of: process.bits == 0 ? nil : process, limit: Limits.alarmEvents)
    )
    if state.isRaised { (state.last, state.suppressed) = (now, 0) }
    core.it.reports.add(core, about: process) { .alarm(alarm) }
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

extension ProcessContext where Message: ~Copyable {
  /// Counts a restart by this process, which is a supervisor.
  package func noteRestart() { core.it.counters.restarts.add() }
}

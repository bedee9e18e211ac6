// SPDX-License-Identifier: Apache-2.0
//
// Makes a trace of a recording: slices for what schedulers and processes do, arrows from wakes to the runs that they
// cause and from sends to receives, and instants for the rest.

import Joist

extension ExecutionTrace {
  /// Reads a recording.
  ///
  /// - Parameters:
  ///   - recording: The bytes of a recording, as ``ProgramInspector/recording(seconds:level:)`` returns them.
  ///   - since: The time on the runtime's clock before which events are left out; nil for all.
  /// - Throws: ``InspectionError`` if the bytes are no recording.
  public init(recording: [UInt8], since: Int64? = nil) throws(InspectionError) {
    let file = try RecordingFile(recording)
    var builder = TraceBuilder(file)
    for (number, entries) in file.rings.enumerated() where !entries.isEmpty {
      builder.addScheduler(number, RecorderReader.events(entries, ticksPerSecond: file.ticksPerSecond))
    }
    self = builder.finish(since: since)
  }
}

/// Builds a trace, one scheduler after the other.
private struct TraceBuilder {
  private let file: RecordingFile
  private var trace: ExecutionTrace
  private var strings: [String: Int32] = [:]
  private var tracks: [UInt64: Int32] = [:]
  /// What each process does, from when, as far as the events have said.
  private var states: [(time: Int64, process: UInt64, state: ProcessChange)] = []
  /// The sends whose receive has not been seen, and receives whose send has not, by the message's number and time.
  private var sends: [UInt64: [(time: Int64, track: Int32)]] = [:]
  private var receives: [(message: UInt64, time: Int64, track: Int32)] = []

  private var tokens = TokenSpans()

  private enum ProcessChange {
    case ready(by: UInt64?)
    case runs(scheduler: Int32)
    case waits(String)
    case gone
  }

  init(_ file: RecordingFile) {
    self.file = file
    trace = ExecutionTrace(programName: "joist", pid: file.pid)
    _ = string("")
  }

  private mutating func string(_ text: String) -> Int32 {
    if let index = strings[text] { return index }
    let index = Int32(trace.strings.count)
    trace.strings.append(text)
    strings[text] = index
    return index
  }

  private func name(_ process: ProcessID) -> String {
    file.processNames[process.number].map { "\($0) \(process)" } ?? "\(process)"
  }

  private mutating func track(_ process: ProcessID) -> Int32 {
    if let index = tracks[process.number] { return index }
    let index = Int32(trace.tracks.count)
    trace.tracks.append(ExecutionTrace.Track(kind: .process, number: process.number, name: name(process)))
    tracks[process.number] = index
    return index
  }

  /// Adds the events of one scheduler.
  mutating func addScheduler(_ number: Int, _ events: [RecorderEvent]) {
    let own = Int32(trace.tracks.count)
    trace.tracks.append(
      ExecutionTrace.Track(kind: .scheduler, number: UInt64(number), name: "scheduler \(number)")
    )
    var running: (process: ProcessID, start: Int64)?
    var asleep: Int64?
    for event in events {
      let time = file.nanoseconds(event.ticks)
      switch event.kind {
      case .began:
        guard let process = event.process else { break }
        running = (process, time)
        states.append((time, process.number, .runs(scheduler: own)))
      case .left(let departure):
        guard let process = event.process else { break }
        if let running, running.process == process { addRun(own, running.process, running.start, time) }
        running = nil
        addDeparture(process, departure, time)
      case .ready:
        if let process = event.process { states.append((time, process.number, .ready(by: event.other?.number))) }
      case .spawned:
        guard let process = event.process else { break }
        states.append((time, process.number, .ready(by: event.other?.number)))
        if let parent = event.other { tokens.add(process.number, .inherits(from: parent.number), time) }
        addInstant(track(process), "spawned", "process", time)
      case .token(let token):
        guard let process = event.process else { break }
        tokens.add(process.number, .has(token?.number), time)
        addInstant(track(process), token.map { "token \($0)" } ?? "no token", "token", time)
      case .slept: asleep = time
      case .woke:
        if let start = asleep { addSlice(own, "sleeps", "scheduler", start, time) }
        asleep = nil
      case .sent(let message):
        if let process = event.process { sends[message, default: []].append((time, track(process))) }
      case .received(let message):
        if let process = event.process { receives.append((message, time, track(process))) }
      case .stole(let count, let victim):
        addInstant(own, "stole from scheduler \(victim)", "scheduler", time, Int64(count))
      case .wasStuck: addInstant(own, "was stuck", "scheduler", time)
      case .mark(let name, let value):
        addInstant(event.process.map { track($0) } ?? own, markName(name), "mark", time, Int64(value))
      default: addInstant(event.process.map { track($0) } ?? own, words(event.kind), "process", time)
      }
    }
  }

  private func markName(_ address: UInt64) -> String { file.markNames[address] ?? "mark at \(address)" }

  private func words(_ kind: RecorderEvent.Kind) -> String {
    switch kind {
    case .ended(let reason): "ends: \(reason)"
    case .crashed(let signal): "crashed with signal \(signal)"
    case .held: "held"
    case .replied: "replied"
    case .dropped: "message dropped"
    case .collected(let time): "collected its heap in \(time)"
    case .framesSaved: "left its stack slot"
    case .framesRestored: "back in its stack slot"
    case .intervalBegan(let name): "began \(markName(name))"
    case .intervalEnded(let name): "ended \(markName(name))"
    default: "\(kind)"
    }
  }

  private mutating func addRun(_ scheduler: Int32, _ process: ProcessID, _ start: Int64, _ end: Int64) {
    addSlice(scheduler, name(process), "running", start, end)
  }

  private mutating func addDeparture(_ process: ProcessID, _ departure: RecorderEvent.Departure, _ time: Int64) {
    switch departure {
    case .yielded, .preempted: states.append((time, process.number, .ready(by: nil)))
    case .waits(let reason): states.append((time, process.number, .waits("waits: \(reason)")))
    case .hibernated: states.append((time, process.number, .waits("hibernates")))
    case .exited: states.append((time, process.number, .gone))
    }
  }

  private mutating func addSlice(_ track: Int32, _ name: String, _ category: String, _ start: Int64, _ end: Int64) {
    let (name, category) = (string(name), string(category))
    trace.slices.append(
      ExecutionTrace.Slice(track: track, name: name, category: category, start: start, end: max(start, end))
    )
  }

  private mutating func addInstant(
    _ track: Int32,
    _ name: String,
    _ category: String,
    _ time: Int64,
    _ value: Int64? = nil
  ) {
    let (name, category) = (string(name), string(category))
    trace.instants.append(
      ExecutionTrace.Instant(track: track, name: name, category: category, time: time, value: value)
    )
  }

  /// Ends the trace: makes the processes' slices and the arrows, and puts everything in order of time.
  mutating func finish(since: Int64?) -> ExecutionTrace {
    addProcessSlices()
    addMessageFlows()
    trace.tokenSpans = tokens.all().map { span in
      let track = track(ProcessID(number: span.process))
      return ExecutionTrace.TokenSpan(track: track, token: span.token, start: span.start, end: span.end)
    }
    if let since {
      trace.slices.removeAll { $0.end < since }
      trace.instants.removeAll { $0.time < since }
      trace.flows.removeAll { $0.start < since }
    }
    trace.slices.sort { ($0.start, $0.track) < ($1.start, $1.track) }
    trace.instants.sort { ($0.time, $0.track) < ($1.time, $1.track) }
    trace.flows.sort { ($0.start, $0.from) < ($1.start, $1.from) }
    return trace
  }

  /// Makes slices of what processes have done between the events of all schedulers.
  private mutating func addProcessSlices() {
    var last: [UInt64: (time: Int64, state: ProcessChange)] = [:]
    for change in states.inOrder(of: { $0.time }) {
      let process = ProcessID(number: change.process)
      let own = track(process)
      if let before = last[change.process] { addProcessSlice(own, before, until: change.time) }
      if case .runs = change.state, let before = last[change.process], case .ready(let waker?) = before.state {
        let from = track(ProcessID(number: waker))
        trace.flows.append(
          ExecutionTrace.Flow(name: string("wakes"), from: from, to: own, start: before.time, end: change.time)
        )
      }
      last[change.process] = (change.time, change.state)
    }
  }

  private mutating func addProcessSlice(_ own: Int32, _ before: (time: Int64, state: ProcessChange), until end: Int64) {
    switch before.state {
    case .ready: addSlice(own, "ready", "ready", before.time, end)
    case .runs: addSlice(own, "runs", "running", before.time, end)
    case .waits(let words): addSlice(own, words, "waiting", before.time, end)
    case .gone: break
    }
  }

  /// Makes arrows from sends to receives: a message's number is used again, so the latest send before a receive counts.
  private mutating func addMessageFlows() {
    for receive in receives {
      guard let send = sends[receive.message]?.last(where: { $0.time <= receive.time }) else { continue }
      let name = string("message")
      trace.flows.append(
        ExecutionTrace.Flow(name: name, from: send.track, to: receive.track, start: send.time, end: receive.time)
      )
    }
  }
}

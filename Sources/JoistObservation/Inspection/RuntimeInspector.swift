// SPDX-License-Identifier: Apache-2.0
//
// Answers questions about a runtime of this program.

import Foundation
public import Joist
import Synchronization

/// An inspector of a runtime of this program.
///
/// Its calls block the calling thread; within a process, call them in `blocking`. None stops a scheduler.
public final class RuntimeInspector: ProgramInspector {
  let observed: ProcessRuntime
  private let name: String
  private let start = ContinuousClock.now
  let symbols = SymbolCache.shared
  /// The growth of the figures that were asked for, and when each was asked for last.
  private let growth = Mutex<[ProcessFigure: (growth: ProcessGrowth, last: ContinuousClock.Instant)]>([:])

  /// Makes an inspector.
  ///
  /// - Parameters:
  ///   - runtime: The runtime to inspect, which the inspector keeps.
  ///   - name: The name by which others know the program; nil stands for that of its executable.
  public init(_ runtime: ProcessRuntime, name: String? = nil) {
    observed = runtime
    self.name = name ?? ProcessInfo.processInfo.processName
  }

  /// Describes the program that the runtime belongs to.
  public func program() -> ProgramDescription {
    ProgramDescription(
      pid: ProcessInfo.processInfo.processIdentifier,
      name: name,
      joistVersion: Built.version,
      uptimeNanoseconds: (ContinuousClock.now - start).nanoseconds,
      schedulers: observed.schedulerCount,
      allowsControl: false
    )
  }

  /// Lists the processes with the largest figures, or with the largest growth since the last call for that figure.
  public func processes(by figure: ProcessFigure, limit: Int, sinceLast: Bool) -> ProcessList {
    let began = ContinuousClock.now
    var window = Duration.zero
    let ranked: [RankedProcess]
    if sinceLast {
      let kind = figure.kind
      ranked = growth.withLock { table in
        let known = table[figure]
        let growth = known?.growth ?? ProcessGrowth(of: kind, in: observed)
        window = known.map { began - $0.last } ?? .zero
        table[figure] = (growth, began)
        return growth.top(limit: limit)
      }
    } else {
      ranked = observed.topProcesses(by: figure.kind, limit: limit)
    }
    let names = nameTable
    let took = ContinuousClock.now - began
    let rows = ranked.map { entry in
      ProcessList.Row(process: describe(entry.process, names, withFunction: true), value: Int64(entry.value))
    }
    let statistics = observed.statistics
    return ProcessList(
      figure: figure,
      windowNanoseconds: window.nanoseconds,
      total: statistics.processesCreated - statistics.processesEnded,
      tookNanoseconds: took.nanoseconds,
      rows: rows
    )
  }

  /// Describes one process by its identity or name, with its stack and its last events; nil if there is none.
  public func process(_ idOrName: String) -> ProcessPage? {
    guard let id = find(idOrName), let inspection = observed.inspect(id, messages: Self.messageTypes) else {
      return nil
    }
    let snapshot = inspection.snapshot
    var row = describe(snapshot.statistics, nameTable, withFunction: false)
    row.memoryBytes = snapshot.memory.parts
    row.waits = Dictionary(uniqueKeysWithValues: snapshot.waitsByReason.map { ("\($0.key)", $0.value) })
    let stack = symbols.frames(of: inspection.backtrace)
    row.function = symbols.function(of: inspection.backtrace)
    return ProcessPage(
      process: row,
      stack: stack,
      mailboxTypes: inspection.mailboxTypes,
      links: snapshot.links.map(\.description),
      monitors: snapshot.monitors.map(\.description),
      supervisor: snapshot.child.map { $0.supervisorName ?? "\($0.supervisor)" },
      childName: snapshot.child?.name,
      waitsFor: inspection.awaited?.description,
      events: events(of: id)
    )
  }

  /// Records for that time, at most a minute, or takes what the recorder has; throws if the runtime has no recorder.
  public func recording(seconds: Double, level: String) throws -> [UInt8] {
    guard let level = FlightRecorder.Level(rawValue: level == "all" ? "messages" : level) else {
      throw InspectionError("there is no level \(level): use lifecycle or messages")
    }
    guard observed.recorder.isOn else {
      throw InspectionError("the program's runtime was made without a recorder: set recorderEntries")
    }
    let before = observed.recorder.level
    if level == .messages { observed.recorder.level = level }
    defer { observed.recorder.level = before }
    guard seconds > 0 else { return observed.recorder.recording }
    return observed.record(for: .seconds(min(seconds, Self.longestRecording)), limitBytes: Self.recordingBytes)
  }

  /// Samples the running functions for that time; throws while another profile is being taken.
  public func profile(seconds: Double) throws -> [ProfiledStack] {
    let duration = Duration.seconds(min(seconds, Self.longestProfile))
    guard let stacks = sample(for: duration, limit: Self.samples) else {
      throw InspectionError("no profile can be taken now: another one is being taken, or this platform has no sampler")
    }
    return stacks
  }

  /// Returns what ran in that time, most often seen first; nil if no profile can be taken now.
  func sample(for duration: Duration, limit: Int) -> [ProfiledStack]? {
    guard let samples = observed.sample(for: duration, perSecond: Self.samplesPerSecond, limit: limit) else {
      return nil
    }
    var counts: [StackSample: Int] = [:]
    for sample in samples { counts[sample, default: 0] += 1 }
    let names = nameTable
    let ordered = counts.sorted {
      ($1.value, $0.key.process, $0.key.backtrace.first ?? 0) < ($0.value, $1.key.process, $1.key.backtrace.first ?? 0)
    }
    return ordered.map { sample, count in
      let name = names[sample.process] ?? "\(sample.process)"
      return ProfiledStack(process: name, count: count, stack: symbols.frames(of: sample.backtrace))
    }
  }

  /// Ends, suspends or resumes a process; throws if there is none.
  public func control(_ action: ControlAction, _ idOrName: String) throws {
    guard let id = find(idOrName), let process = observed.control(id) else {
      throw InspectionError("there is no process \(idOrName)")
    }
    switch action {
    case .kill: process.exit(.killed)
    case .suspend: process.suspend()
    case .resume: process.resume()
    }
  }

  // MARK: What answers share

  /// The number of message types on a page, the longest recording and profile in seconds, the largest recording, and
  /// the rate and number of samples: 97 a second do not fall into step with what happens every hundredth of a second.
  private static var messageTypes: Int { 10 }
  private static var longestRecording: Double { 60 }
  private static var recordingBytes: Int { 128 << 20 }
  private static var longestProfile: Double { 120 }
  private static var samplesPerSecond: Int { 97 }
  private static var samples: Int { 100_000 }

  /// Returns the process with that identity or name.
  func find(_ idOrName: String) -> ProcessID? { ProcessID(text: idOrName) ?? observed.process(named: idOrName) }

  /// The names of the processes that have one.
  var nameTable: [ProcessID: String] {
    Dictionary(observed.namedProcesses.map { ($0.id, $0.name) }, uniquingKeysWith: { first, _ in first })
  }

  /// Describes a process; its function only if that is asked for, because its stack must be read then.
  func describe(
    _ process: ProcessStatistics,
    _ names: [ProcessID: String],
    withFunction: Bool
  ) -> ProcessDescription {
    let function =
      withFunction && process.state == .waiting ? symbols.function(of: observed.backtrace(of: process.id)) : nil
    let memory = withFunction ? observed.snapshot(of: process.id)?.memory.parts : nil
    return ProcessDescription(
      id: "\(process.id)",
      name: names[process.id],
      state: "\(process.state)",
      priority: "\(process.priority)",
      waitReason: process.waitReason.map { "\($0)" },
      waitingNanoseconds: process.waitingFor?.nanoseconds,
      cpuNanoseconds: process.cpuTime.nanoseconds,
      queuedNanoseconds: process.queuedTime.nanoseconds,
      slices: process.slices,
      messagesIn: process.messagesReceived,
      messagesOut: process.messagesSent,
      waits: ["all": process.waits],
      mailbox: process.mailboxLength,
      longestMailbox: process.longestMailbox,
      memoryBytes: memory ?? [:],
      parent: process.parent.map { "\($0)" },
      function: function
    )
  }

  /// The last events of a process that the recorder has, as text.
  private func events(of id: ProcessID) -> [String] {
    guard observed.recorder.isOn, let file = try? RecordingFile(observed.recorder.recording) else { return [] }
    let events = file.rings.flatMap { RecorderReader.events($0, ticksPerSecond: file.ticksPerSecond) }
    let own = events.filter { $0.process == id || $0.other == id }.sorted { $0.ticks < $1.ticks }.suffix(
      Self.eventsShown
    )
    return own.map { event in
      let ago = Duration.nanoseconds(file.nanosecondsThen - file.nanoseconds(event.ticks))
      return "\(ago.formatted(.units(allowed: [.seconds, .milliseconds, .microseconds], width: .narrow))) ago: \(event)"
    }
  }

  private static var eventsShown: Int { 20 }
}

extension ProcessFigure {
  /// The figure as the runtime names it.
  fileprivate var kind: ProcessFigureKind {
    switch self {
    case .cpu: .cpuTime
    case .slices: .slices
    case .messagesIn: .messagesReceived
    case .messagesOut: .messagesSent
    case .mailbox: .mailboxLength
    case .memory: .memory
    case .queued: .queuedTime
    case .waiting: .waitingFor
    }
  }
}

extension ProcessMemory {
  /// The parts by name.
  var parts: [String: Int] {
    ["record": record, "stack": stack, "heap": heap, "mailbox": mailbox, "other": other]
  }
}

extension Duration {
  /// The duration in nanoseconds, at most as many as fit.
  var nanoseconds: Int64 {
    let (seconds, attoseconds) = components
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    return overflow ? .max : product + attoseconds / 1_000_000_000
  }
}

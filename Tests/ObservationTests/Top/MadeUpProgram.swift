// SPDX-License-Identifier: Apache-2.0
//
// A program whose answers are made up: its figures follow from its time, which a test sets.

import JoistObservation
import Synchronization

/// An inspector of a program that does not exist.
final class MadeUpProgram: ProgramInspector {
  struct Settings: Sendable {
    var processes = 40
    var schedulers = 2
    var allowsControl = true
    /// The names of the first processes.
    var names = ["accept", "router", "cache"]
    var tookNanoseconds: Int64 = 400_000
    /// Whether the program does not answer any more.
    var isGone = false
    /// Whether it answers everything except for the supervision tree.
    var refusesTree = false
    /// The time on the runtime's clock.
    var now: Int64 = 3_600_000_000_000
  }

  struct Call: Sendable, Hashable {
    var figure: ProcessFigure
    var limit: Int
    var sinceLast: Bool
  }

  private struct State {
    var settings: Settings
    var calls: [Call] = []
    var actions: [String] = []
    var lastAsked: [ProcessFigure: Int64] = [:]
  }

  private let state: Mutex<State>
  private let clock: (@Sendable () -> Int64)?

  /// With a clock the program's time follows it, and otherwise the settings.
  init(_ settings: Settings = Settings(), clock: (@Sendable () -> Int64)? = nil) {
    state = Mutex(State(settings: settings))
    self.clock = clock
  }

  var calls: [Call] { state.withLock { $0.calls } }
  var actions: [String] { state.withLock { $0.actions } }

  func change(_ body: (inout Settings) -> Void) { state.withLock { body(&$0.settings) } }

  private func settings() throws -> Settings {
    try state.withLock { state in
      guard !state.settings.isGone else { throw InspectionError("the program has ended") }
      if let clock { state.settings.now = clock() }
      return state.settings
    }
  }

  func program() throws -> ProgramDescription {
    let settings = try settings()
    return ProgramDescription(
      pid: 4_242,
      name: "made-up",
      joistVersion: "0.9.0",
      uptimeNanoseconds: settings.now,
      schedulers: settings.schedulers,
      allowsControl: settings.allowsControl
    )
  }

  func runtime() throws -> RuntimeDescription {
    let settings = try settings()
    let ticks = Int(settings.now / 1_000_000)
    let count = settings.processes
    return RuntimeDescription(
      nowNanoseconds: settings.now,
      processes: count == 0
        ? [:] : ["running": min(2, count), "ready": count / 4, "waiting": count - count / 4 - min(2, count)],
      counters: [
        "messagesSent": 1_210 * ticks + ticks % 5_000 * (ticks % 5_000) / 40, "processesCreated": 12 * ticks + count,
        "processesEnded": 12 * ticks, "trapsContained": 3,
      ],
      memoryBytes: ["stacks": count * 16_384, "heaps": count * 5_000],
      schedulers: (0..<settings.schedulers).map { scheduler($0, now: settings.now) },
      histograms: Dictionary(
        uniqueKeysWithValues: [
          "runDelay.max", "runDelay.high", "runDelay.normal", "runDelay.low", "sliceLength", "messageLatency",
          "mailboxLength", "switchTime", "creationTime",
        ].enumerated().map { ($1, histogram($1, $0, ticks)) }
      )
    )
  }

  private func scheduler(_ index: Int, now: Int64) -> SchedulerDescription {
    let parts: [(String, Int64)] = [
      ("running", 50 + Int64(index * 7 % 40)), ("stealing", 4), ("timers", 1), ("collecting", 3), ("overhead", 5),
      ("spinning", 4),
    ]
    var times = Dictionary(uniqueKeysWithValues: parts.map { ($0, now / 100 * $1) })
    times["sleeping"] = now - times.values.reduce(0, +)
    return SchedulerDescription(
      index: index,
      isSpare: false,
      isStuck: index == 5,
      running: "#\(index).1",
      queueLengths: [0, 1, index * 3, 0],
      slices: Int(now / 20_000),
      migrationsIn: 4,
      migrationsOut: 4,
      stealAttempts: 9,
      steals: 5,
      timeNanoseconds: times
    )
  }

  private func histogram(_ name: String, _ number: Int, _ ticks: Int) -> HistogramDescription {
    let isUsed = name != "runDelay.max"
    let scale: Int64 = name == "mailboxLength" ? 1 : 96 << Int64(number)
    let buckets = (0..<12).map { step in
      HistogramDescription.Bucket(upperBound: scale << Int64(step), count: isUsed ? ticks * 64 >> (step * step / 5) : 0)
    }
    let count = buckets.reduce(0) { $0 + $1.count }
    let unit = name == "mailboxLength" ? "messages" : "nanoseconds"
    return HistogramDescription(unit: unit, count: count, sum: Int64(count), buckets: buckets.filter { $0.count > 0 })
  }

  func description(_ index: Int, _ settings: Settings) -> ProcessDescription {
    let isWaiting = index % 4 != 1
    let seconds = Double(settings.now) / 1e9
    return ProcessDescription(
      id: "#\(index).\(index % 7 + 1)",
      name: index < settings.names.count ? settings.names[index] : index % 3 == 0 ? "worker-\(index)" : nil,
      state: isWaiting ? "waiting" : index < 2 ? "running" : "ready",
      priority: "normal",
      waitReason: isWaiting ? index % 5 == 0 ? "call" : "receive" : nil,
      waitingNanoseconds: isWaiting ? Int64(index) * 7_300_000 : nil,
      cpuNanoseconds: settings.now / Int64(index + 2) + Int64((settings.processes - index) * 1_000),
      queuedNanoseconds: settings.now / Int64(index + 30),
      slices: Int(seconds * 4_000) / (index + 1),
      messagesIn: Int(seconds * 9_000) / (index + 1),
      messagesOut: Int(seconds * 5_000) / (index + 1),
      waits: ["receive": 1_200, "call": 31],
      mailbox: index == 3 ? 12_345 : index % 6,
      longestMailbox: 20_000,
      memoryBytes: ["record": 192, "stack": 16_384, "heap": index * 40_000],
      parent: index > 0 ? "#0.1" : nil,
      function: index % 2 == 0 ? "Server.loop(_:)" : "Database.query(_:in:)"
    )
  }

  func processes(by figure: ProcessFigure, limit: Int, sinceLast: Bool) throws -> ProcessList {
    let settings = try settings()
    let last = state.withLock { state in
      state.calls.append(Call(figure: figure, limit: limit, sinceLast: sinceLast))
      let last = state.lastAsked[figure]
      if sinceLast { state.lastAsked[figure] = settings.now }
      return sinceLast ? last : nil
    }
    var before = settings
    before.now = last ?? 0
    let all = (0..<settings.processes).map { index in
      let process = description(index, settings)
      let earlier = last == nil ? 0 : figure.value(of: description(index, before))
      return ProcessList.Row(process: process, value: figure.value(of: process) - earlier)
    }
    let rows = all.sorted { ($1.value, $0.process.id) < ($0.value, $1.process.id) }.prefix(limit)
    return ProcessList(
      figure: figure,
      windowNanoseconds: last.map { settings.now - $0 } ?? 0,
      total: settings.processes,
      tookNanoseconds: settings.tookNanoseconds,
      rows: Array(rows)
    )
  }

  func process(_ idOrName: String) throws -> ProcessPage? {
    let settings = try settings()
    let all = (0..<settings.processes).lazy.map { self.description($0, settings) }
    guard let process = all.first(where: { $0.id == idOrName || $0.name == idOrName }) else { return nil }
    return ProcessPage(
      process: process,
      stack: Self.stack,
      mailboxTypes: ["Request", "Request", "Timeout"],
      links: ["#0.1", "#5.6"],
      monitors: ["#9.3"],
      supervisor: "#0.1",
      childName: "worker",
      waitsFor: process.waitReason == "call" ? "#2.3 cache" : nil,
      events: (0..<30).map { "\($0) ms  received Request from #0.1" }
    )
  }

  static let stack = [
    StackFrame(address: 0x4010, function: "ProcessContext.receive(_:)", file: "/src/Receive.swift", line: 41),
    StackFrame(address: 0x4020, function: "Server.loop(_:)", file: "/src/Server.swift", line: 120),
    StackFrame(address: 0x4030, function: "main"),
  ]

  func supervisionTree() throws -> [SupervisionNode] {
    guard !(try settings().refusesTree) else { throw InspectionError("the tree cannot be read now: ask again") }
    let workers = (0..<6).map { index in
      SupervisionNode(id: "#\(index + 3).1", name: "worker-\(index)", isSupervisor: false, attempt: index, children: [])
    }
    let pool = SupervisionNode(id: "#2.1", name: "pool", isSupervisor: true, attempt: 1, children: workers)
    let cache = SupervisionNode(id: "#9.1", name: nil, isSupervisor: false, attempt: 1, children: [])
    return [SupervisionNode(id: "#1.1", name: "app", isSupervisor: true, attempt: 1, children: [pool, cache])]
  }

  func stacks(limit: Int) throws -> [StackGroup] {
    _ = try settings()
    let group = StackGroup(
      count: 38,
      state: "receive",
      longestWaitNanoseconds: 12_000_000_000,
      stack: Self.stack,
      examples: ["#3.1", "#4.1"]
    )
    return Array([group].prefix(limit))
  }

  func waits(limit: Int) throws -> WaitList {
    _ = try settings()
    func edge(_ waiter: Int, _ awaited: Int, _ time: Int64) -> WaitList.Edge {
      WaitList.Edge(
        waiter: "#\(waiter).1",
        awaited: "#\(awaited).1",
        waiterName: waiter == 1 ? "router" : nil,
        awaitedName: nil,
        kind: "call",
        nanoseconds: time,
        hasTimeout: waiter == 2,
        stack: Self.stack
      )
    }
    let circle = WaitList.Circle(edges: [edge(1, 2, 5_000_000_000), edge(2, 1, 4_000_000_000)], isCertain: false)
    return WaitList(circles: [circle], longest: [edge(1, 2, 5_000_000_000), edge(7, 8, 12_000_000)])
  }

  func recording(seconds: Double, level: String) throws -> [UInt8] { [] }

  func profile(seconds: Double) throws -> [ProfiledStack] {
    [ProfiledStack(process: "router", count: 80, stack: Self.stack), .init(process: "#3.4", count: 20, stack: [])]
  }

  func dump(asJSON: Bool, limitBytes: Int) throws -> [UInt8] { Array("=runtime\n".utf8) }

  func control(_ action: ControlAction, _ idOrName: String) throws {
    state.withLock { $0.actions.append("\(action.rawValue) \(idOrName)") }
  }
}

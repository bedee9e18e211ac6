// SPDX-License-Identifier: Apache-2.0
//
// An inspector with made-up answers, which show what it was asked.

import JoistObservation
import Synchronization

/// Answers each question at once, after an action that a test can make wait or throw.
final class MadeUpInspector: ProgramInspector {
  /// What was done to processes, in order.
  let actions = Mutex<[String]>([])
  private let dumpBytes: Int
  private let tree: [SupervisionNode]
  private let before: @Sendable (_ question: String) throws -> Void

  init(
    dumpBytes: Int = 1_000,
    tree: [SupervisionNode] = MadeUpInspector.tree,
    before: @escaping @Sendable (_ question: String) throws -> Void = { _ in }
  ) {
    self.dumpBytes = dumpBytes
    self.tree = tree
    self.before = before
  }

  static let program = ProgramDescription(
    pid: 12,
    name: "made up",
    joistVersion: "1.2.3",
    uptimeNanoseconds: 5,
    schedulers: 2,
    allowsControl: false
  )

  static let runtime = RuntimeDescription(
    nowNanoseconds: 7,
    processes: ["waiting": 3],
    counters: ["messagesSent": 9],
    memoryBytes: ["stacks": 4_096],
    schedulers: [],
    histograms: [
      "sliceLength": HistogramDescription(
        unit: "nanoseconds",
        count: 1,
        sum: 60,
        buckets: [.init(upperBound: 64, count: 1)]
      )
    ]
  )

  static let frame = StackFrame(address: .max, function: "f(\"ä\n\")", file: nil, image: "a.out", line: 3)

  static let page = ProcessPage(
    process: ProcessDescription(
      id: "#12.3",
      name: nil,
      state: "waiting",
      priority: "normal",
      waitReason: "call",
      waitingNanoseconds: 1,
      cpuNanoseconds: .max,
      queuedNanoseconds: 3,
      slices: 4,
      messagesIn: 5,
      messagesOut: 6,
      waits: ["call": 7],
      mailbox: 8,
      longestMailbox: 9,
      memoryBytes: ["stack": 10],
      parent: nil,
      function: "f"
    ),
    stack: [frame],
    mailboxTypes: ["Int"],
    links: [],
    monitors: ["#1.1"],
    supervisor: nil,
    childName: "child",
    waitsFor: "#2.2",
    events: ["spawned"]
  )

  static let tree = [
    SupervisionNode(
      id: "#1.1",
      name: "root",
      isSupervisor: true,
      attempt: 1,
      children: [SupervisionNode(id: "#2.1", name: nil, isSupervisor: false, attempt: 2, children: [])]
    )
  ]

  static func list(_ figure: ProcessFigure, _ limit: Int, _ sinceLast: Bool) -> ProcessList {
    ProcessList(figure: figure, windowNanoseconds: sinceLast ? 1 : 0, total: limit, tookNanoseconds: 2, rows: [])
  }

  static func group(_ limit: Int) -> StackGroup {
    StackGroup(count: limit, state: "call", longestWaitNanoseconds: 1, stack: [frame], examples: ["#1.1"])
  }

  static func waitList(_ limit: Int) -> WaitList {
    let edge = WaitList.Edge(
      waiter: "#1.1",
      awaited: "#2.2",
      waiterName: "a",
      awaitedName: nil,
      kind: "call",
      nanoseconds: Int64(limit),
      hasTimeout: true,
      stack: []
    )
    return WaitList(circles: [WaitList.Circle(edges: [edge], isCertain: false)], longest: [edge])
  }

  func program() throws -> ProgramDescription {
    try before("program")
    return Self.program
  }

  func runtime() throws -> RuntimeDescription {
    try before("runtime")
    return Self.runtime
  }

  func processes(by figure: ProcessFigure, limit: Int, sinceLast: Bool) throws -> ProcessList {
    try before("processes")
    return Self.list(figure, limit, sinceLast)
  }

  func process(_ idOrName: String) throws -> ProcessPage? {
    try before("process")
    return idOrName == "missing" ? nil : Self.page
  }

  func supervisionTree() throws -> [SupervisionNode] {
    try before("supervisionTree")
    return tree
  }

  func stacks(limit: Int) throws -> [StackGroup] {
    try before("stacks")
    return [Self.group(limit)]
  }

  func waits(limit: Int) throws -> WaitList {
    try before("waits")
    return Self.waitList(limit)
  }

  func recording(seconds: Double, level: String) throws -> [UInt8] {
    try before("recording")
    return Array("\(seconds) \(level)".utf8)
  }

  func profile(seconds: Double) throws -> [ProfiledStack] {
    try before("profile")
    return [ProfiledStack(process: "#1.1", count: Int(seconds * 10), stack: [Self.frame])]
  }

  func dump(asJSON: Bool, limitBytes: Int) throws -> [UInt8] {
    try before("dump")
    return [UInt8](repeating: asJSON ? 1 : 0, count: min(dumpBytes, limitBytes))
  }

  func control(_ action: ControlAction, _ idOrName: String) throws {
    try before("control")
    actions.withLock { $0.append("\(action) \(idOrName)") }
  }
}

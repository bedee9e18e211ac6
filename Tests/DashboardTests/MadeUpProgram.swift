// SPDX-License-Identifier: Apache-2.0
//
// A program that does not exist: eight schedulers, a supervision tree, a deadlock, and figures that grow with the
// clock. It counts the questions that it is asked.

#if Dashboard
  import Dispatch
  import JoistObservation
  import Synchronization

  /// Answers about a program whose figures are functions of the time since its start.
  final class MadeUpProgram: ProgramInspector {
    let start = ContinuousClock.now
    let processCount: Int
    /// What each list says that it took.
    let tookNanoseconds: Int64
    /// The name of process 3.
    let oddName: String
    private let asked = Mutex<[String: Int]>([:])
    private let acts = Mutex<[String]>([])
    private let fault = Mutex<String?>(nil)
    private let gate = Mutex<DispatchSemaphore?>(nil)

    init(processCount: Int = 40, tookNanoseconds: Int64 = 180_000, oddName: String = "mailer") {
      self.processCount = processCount
      self.tookNanoseconds = tookNanoseconds
      self.oddName = oddName
    }

    /// The number of times that a question was asked.
    func count(_ question: String) -> Int { asked.withLock { $0[question] ?? 0 } }

    /// What was done to processes.
    var actions: [String] { acts.withLock { $0 } }

    /// Lets all later questions fail with that line, or answers them again.
    func fail(_ line: String?) { fault.withLock { $0 = line } }

    /// Lets lists wait until the gate is opened.
    func closeGate() { gate.withLock { $0 = DispatchSemaphore(value: 0) } }

    func openGate() { gate.withLock { $0.take() }?.signal() }

    private func note(_ question: String) throws {
      asked.withLock { $0[question, default: 0] += 1 }
      if let line = fault.withLock({ $0 }) { throw InspectionError(line) }
    }

    private var seconds: Double {
      let time = ContinuousClock.now - start
      return Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18 + 60
    }

    /// Returns a number from 0 to 1 that belongs to the arguments, and looks like chance.
    static func noise(_ first: Int, _ second: Int) -> Double {
      var bits = UInt64(truncatingIfNeeded: first &* 7_919 &+ second &* 104_729 &+ 12_345)
      bits = (bits ^ (bits >> 16)) &* 0x45d9_f3b3_335b_369
      bits = (bits ^ (bits >> 29)) &* 0x9e37_79b9_7f4a_7c15
      return Double((bits ^ (bits >> 32)) % 10_000) / 10_000
    }

    func program() throws -> ProgramDescription {
      try note("program")
      return ProgramDescription(
        pid: 4_711,
        name: "orders",
        joistVersion: "0.9.0",
        uptimeNanoseconds: Int64(seconds * 1e9),
        schedulers: 8,
        allowsControl: true
      )
    }

    func supervisionTree() throws -> [SupervisionNode] {
      try note("supervision")
      func leaf(_ index: Int, _ attempt: Int = 1) -> SupervisionNode {
        SupervisionNode(id: id(index), name: name(index), isSupervisor: false, attempt: attempt, children: [])
      }
      func supervisor(_ index: Int, _ name: String, _ children: [SupervisionNode]) -> SupervisionNode {
        SupervisionNode(id: id(index), name: name, isSupervisor: true, attempt: 1, children: children)
      }
      return [
        supervisor(
          0,
          "orders",
          [
            supervisor(1, "connections", (8..<16).map { leaf($0, $0 == 11 ? 3 : 1) }),
            supervisor(2, "storage", [leaf(4), leaf(5), leaf(6)]),
            leaf(3),
          ]
        )
      ]
    }

    func stacks(limit: Int) throws -> [StackGroup] {
      try note("stacks")
      return [
        StackGroup(
          count: 28,
          state: "receive",
          longestWaitNanoseconds: 4_200_000_000,
          stack: stack(8),
          examples: [id(8), id(9)]
        )
      ]
    }

    func waits(limit: Int) throws -> WaitList {
      try note("waits")
      func edge(_ from: Int, _ to: Int, _ kind: String, _ seconds: Double, _ timeout: Bool) -> WaitList.Edge {
        WaitList.Edge(
          waiter: id(from),
          awaited: id(to),
          waiterName: name(from),
          awaitedName: name(to),
          kind: kind,
          nanoseconds: Int64(seconds * 1e9),
          hasTimeout: timeout,
          stack: stack(from)
        )
      }
      let circle = WaitList.Circle(
        edges: [
          edge(4, 5, "call", seconds - 40, false), edge(5, 6, "lock", seconds - 41, false),
          edge(6, 4, "call", seconds - 39, false),
        ],
        isCertain: true
      )
      return WaitList(
        circles: [circle],
        longest: circle.edges + [edge(9, 4, "call", 3.2, true), edge(12, 3, "send", 0.4, false)]
      )
    }

    func recording(seconds: Double, level: String) throws -> [UInt8] {
      try note("recording")
      return [0]
    }

    func profile(seconds: Double) throws -> [ProfiledStack] {
      try note("profile")
      return [ProfiledStack(process: id(3), count: 120, stack: stack(3))]
    }

    func dump(asJSON: Bool, limitBytes: Int) throws -> [UInt8] {
      try note("dump")
      return Array((asJSON ? "{}\n" : "=memory\n=end\n").utf8)
    }

    func control(_ action: ControlAction, _ idOrName: String) throws {
      try note("control")
      acts.withLock { $0.append("\(action) \(idOrName)") }
    }

    func runtime() throws -> RuntimeDescription {
      try note("runtime")
      return runtime(at: seconds)
    }

    func processes(by figure: ProcessFigure, limit: Int, sinceLast: Bool) throws -> ProcessList {
      try note("processes \(figure) \(sinceLast)")
      if let gate = gate.withLock({ $0 }) {
        gate.wait()
        gate.signal()
      }
      let now = seconds
      let rows = (0..<processCount).map { index in
        let process = process(index, at: now)
        let growth = sinceLast ? value(figure, process) - value(figure, self.process(index, at: now - 1)) : nil
        return ProcessList.Row(process: process, value: growth ?? value(figure, process))
      }
      return ProcessList(
        figure: figure,
        windowNanoseconds: sinceLast ? 1_000_000_000 : 0,
        total: processCount,
        tookNanoseconds: tookNanoseconds,
        rows: Array(rows.sorted { $0.value > $1.value }.prefix(limit))
      )
    }

    func process(_ idOrName: String) throws -> ProcessPage? {
      try note("process")
      guard let index = (0..<processCount).first(where: { id($0) == idOrName || name($0) == idOrName }) else {
        return nil
      }
      return ProcessPage(
        process: process(index, at: seconds),
        stack: stack(index),
        mailboxTypes: ["Order", "Order", "Refund"],
        links: [id(0), id(1)],
        monitors: [id(2)],
        supervisor: id(0),
        childName: name(index),
        waitsFor: index == 4 ? id(5) : nil,
        events: ["12.3 ms ready by #1.1", "12.4 ms run on scheduler 3", "12.9 ms left: receive"]
      )
    }
  }
#endif

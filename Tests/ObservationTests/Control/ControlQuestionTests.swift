// SPDX-License-Identifier: Apache-2.0

import JoistObservation
import Synchronization
import TestSupport
import Testing

/// Tests of questions and answers over the control socket.
@Suite(.timeLimit(.minutes(15)))
struct ControlQuestionTests {
  private let folder: SocketFolder

  init() throws { folder = try SocketFolder() }

  @Test("O2: each question reaches the program with its numbers, and each answer comes back whole")
  func roundTrips() throws {
    let server = try folder.serve(MadeUpInspector(dumpBytes: 3_000_000))
    defer { server.close() }
    let client = try ControlClient.connect(to: server.path)
    defer { client.close() }
    #expect(try client.program() == MadeUpInspector.program)
    #expect(try client.runtime() == MadeUpInspector.runtime)
    for (figure, sinceLast) in zip(ProcessFigure.allCases, [true, false, true, false, true, false, true, false]) {
      let list = try client.processes(by: figure, limit: 20, sinceLast: sinceLast)
      #expect(list == MadeUpInspector.list(figure, 20, sinceLast))
    }
    #expect(try client.process("#12.3") == MadeUpInspector.page)
    #expect(try client.process("missing") == nil)
    #expect(try client.supervisionTree() == MadeUpInspector.tree)
    #expect(try client.stacks(limit: 5) == [MadeUpInspector.group(5)])
    #expect(try client.waits(limit: 6) == MadeUpInspector.waitList(6))
    #expect(try client.recording(seconds: 0, level: "all") == Array("0.0 all".utf8))
    #expect(
      try client.profile(seconds: 0.5) == [ProfiledStack(process: "#1.1", count: 5, stack: [MadeUpInspector.frame])]
    )
    #expect(try client.dump(asJSON: true, limitBytes: 4_000_000) == [UInt8](repeating: 1, count: 3_000_000))
    #expect(try client.dump(asJSON: false, limitBytes: 0) == [])
  }

  @Test("O2: a question that the program refuses throws its error in one line, and the connection stays")
  func errors() throws {
    let server = try folder.serve(
      MadeUpInspector { question in
        if question == "stacks" { throw InspectionError("no stacks\nhere:\u{1B}[2J do this") }
        if question == "waits" { throw CancellationError() }
      }
    )
    defer { server.close() }
    let client = try ControlClient.connect(to: server.path)
    #expect(line { _ = try client.stacks(limit: 1) } == "no stacks here: [2J do this")
    #expect(line { _ = try client.waits(limit: 1) } == "CancellationError()")
    #expect(try client.runtime() == MadeUpInspector.runtime)
  }

  @Test("O2: a process can be ended, suspended and resumed if the program allows it, and not otherwise")
  func control() throws {
    let inspector = MadeUpInspector()
    let closed = try folder.serve(inspector, name: "closed")
    defer { closed.close() }
    let open = try folder.serve(inspector, name: "open", allowControl: true)
    defer { open.close() }
    let refused = try ControlClient.connect(to: closed.path)
    let allowed = try ControlClient.connect(to: open.path)
    for action in ControlAction.allCases {
      #expect(line { try refused.control(action, "a") }?.contains("allowControl") == true)
    }
    #expect(inspector.actions.withLock(\.self) == [])
    for action in ControlAction.allCases { try allowed.control(action, "b") }
    #expect(inspector.actions.withLock(\.self) == ["kill b", "suspend b", "resume b"])
    #expect(try refused.program().allowsControl == false)
    #expect(try allowed.program().allowsControl)
  }

  @Test("O2: numbers beyond their bounds are cut or refused", arguments: [-1.0, 601, .infinity, .nan])
  func bounds(seconds: Double) throws {
    let server = try folder.serve()
    defer { server.close() }
    let client = try ControlClient.connect(to: server.path)
    #expect(line { _ = try client.profile(seconds: seconds) } != nil)
    #expect(line { _ = try client.recording(seconds: seconds, level: "all") } != nil)
    #expect(line { _ = try client.process(String(repeating: "a", count: 70_000)) }?.contains("too long") == true)
    #expect(try client.stacks(limit: .max) == [MadeUpInspector.group(100_000)])
    #expect(try client.waits(limit: -5) == MadeUpInspector.waitList(0))
    #expect(try client.dump(asJSON: false, limitBytes: .max).count == 1_000)
  }

  @Test("O2: a supervision tree of two thousand levels is cut, and does not overflow the stack of a thread")
  func deepTree() throws {
    var root = MadeUpInspector.tree[0]
    for _ in 0..<2_000 {
      root = SupervisionNode(id: "#1.1", name: nil, isSupervisor: true, attempt: 1, children: [root])
    }
    let server = try folder.serve(MadeUpInspector(tree: [root]))
    defer { server.close() }
    var node = try ControlClient.connect(to: server.path).supervisionTree().first
    var levels = 0
    while let child = node?.children.first {
      levels += 1
      node = child
    }
    #expect(levels == ControlLimits.treeLevels + 1)
    #expect(node?.name == "deeper levels are left out")
  }

  @Test("O2: threads that share a client get each its own answer")
  func sharedClient() throws {
    let server = try folder.serve()
    defer { server.close() }
    let client = try ControlClient.connect(to: server.path)
    let calls = ThreadCalls(8) { thread in
      (1...50).allSatisfy { (try? client.stacks(limit: thread * 100 + $0))?.first?.count == thread * 100 + $0 }
    }
    #expect(calls.wait() == [Bool](repeating: true, count: 8))
  }

  @Test("O2: an answer may take the time of its question and ten seconds more, and no longer")
  func patience() throws {
    let gate = QuestionGate()
    let server = try folder.serve(
      MadeUpInspector { question in
        if question == "stacks" { gate.pass() }
        if question == "recording" {
          let end = ContinuousClock.now + .milliseconds(700)
          wait(until: "the recording is over") { .now > end }
        }
      }
    )
    defer { server.close() }
    defer { gate.open() }
    let client = try ControlClient.connect(to: server.path, directory: nil, patience: .milliseconds(300))
    #expect(line { _ = try client.stacks(limit: 1) }?.contains("does not answer in time") == true)
    #expect(try client.recording(seconds: 1, level: "all") == Array("1.0 all".utf8))
    #expect(ControlClient.usualPatience == .seconds(10))
  }

  @Test("O2: a client that paused until the program ended its connection is connected again")
  func reconnects() throws {
    var limits = ControlLimits()
    limits.idle = .milliseconds(50)
    let server = try folder.serve(limits: limits)
    defer { server.close() }
    let client = try ControlClient.connect(to: server.path)
    let raw = try RawConnection(to: server.path)
    raw.write(frame: #"{"version":1,"id":1,"question":{"program":{}}}"#)
    #expect(raw.readFrame() != nil)
    #expect(raw.readToEnd() == 0)  // By then the older connection has ended as well.
    #expect(try client.runtime() == MadeUpInspector.runtime)
  }

  @Test("O2: a client that is closed while it waits for an answer gives up at once")
  func closedClient() throws {
    let gate = QuestionGate()
    let server = try folder.serve(MadeUpInspector { if $0 == "stacks" { gate.pass() } })
    defer { server.close() }
    defer { gate.open() }
    let client = try ControlClient.connect(to: server.path)
    let call = ThreadCalls { _ in line { _ = try client.stacks(limit: 1) } }
    wait(until: "the question is asked") { gate.arrived == 1 }
    client.close()
    #expect(call.wait().first??.contains("gave no answer") == true)
    #expect(line { _ = try client.runtime() }?.contains("is closed") == true)
  }
}

// SPDX-License-Identifier: Apache-2.0

import Foundation
import JoistObservation
import TestSupport
import Testing

/// Tests of clients that hang, flood or send what they should not, and of many clients.
@Suite(.timeLimit(.minutes(15)))
struct ControlLoadTests {
  private let folder: SocketFolder

  init() throws { folder = try SocketFolder() }

  private static let request = #"{"version":1,"id":1,"question":{"runtime":{}}}"#

  /// Limits that a test can wait for.
  private static var short: ControlLimits {
    var limits = ControlLimits()
    limits.idle = .milliseconds(200)
    limits.request = .milliseconds(200)
    limits.stall = .milliseconds(200)
    return limits
  }

  /// Whether another client is served; false too if it was slower than the server's limits allow.
  private func isServed(_ server: ControlServer) -> Bool {
    (try? ControlClient.connect(to: server.path).runtime()) == MadeUpInspector.runtime
  }

  @Test(
    "O2: a client that asks nothing, or half a question, is dropped",
    arguments: [[], [1], [9, 0, 0, 0], [9, 0, 0, 0, 123]] as [[UInt8]]
  )
  func hanging(bytes: [UInt8]) throws {
    let server = try folder.serve(limits: Self.short)
    defer { server.close() }
    let client = try RawConnection(to: server.path)
    client.write(bytes)
    wait(until: "another client is served") { isServed(server) }
    #expect(client.readToEnd() == 0)
  }

  @Test(
    "O2: a client whose bytes are no question is told so",
    arguments: [
      ([0xFF, 0xFF, 0xFF, 0xFF], "4294967295 bytes is not possible"), ([0, 0, 0, 0], "0 bytes is not possible"),
      ([1, 0, 1, 0], "65537 bytes is not possible"), (Array("GET / HTTP/1.1\r\n\r\n".utf8), "bytes is not possible"),
      (RawConnection.frame("rubbish"), "cannot be read"), (RawConnection.frame("{}"), "cannot be read"),
      (RawConnection.frame(String(repeating: "[", count: 60_000)), "cannot be read"),
      (RawConnection.frame(#"{"version":7,"id":1,"question":{"runtime":{}}}"#), "version 7"),
    ] as [([UInt8], String)]
  )
  func rubbish(bytes: [UInt8], expected: String) throws {
    let server = try folder.serve()
    defer { server.close() }
    let client = try RawConnection(to: server.path)
    client.write(bytes)
    #expect(client.readFrame()?.contains(expected) == true)
    #expect(client.readToEnd() == 0)
    #expect(isServed(server))
  }

  @Test("O2: an unknown question is refused, and the connection stays")
  func unknownQuestion() throws {
    let server = try folder.serve()
    defer { server.close() }
    let client = try RawConnection(to: server.path)
    client.write(frame: #"{"version":1,"id":1,"question":{"weather":{}}}"#)
    #expect(client.readFrame()?.contains("does not know this question") == true)
    client.write(frame: Self.request)
    #expect(client.readFrame()?.contains("4096") == true)
  }

  @Test(
    "O2: a client that sends questions without waiting for answers is dropped, even if it gets only errors",
    arguments: [(request, "4096"), (#"{"version":1,"id":1}"#, "does not know this question")]
  )
  func pipelining(request: String, answer: String) throws {
    let server = try folder.serve()
    defer { server.close() }
    let client = try RawConnection(to: server.path)
    #expect(client.write([[UInt8]](repeating: RawConnection.frame(request), count: 200).flatMap(\.self)))
    let answers = (0..<ControlLimits.questionsAhead + 1).map { _ in client.readFrame() }
    #expect(answers.allSatisfy { $0?.contains(answer) == true })
    #expect(client.readFrame()?.contains("wait for each answer") == true)
    #expect(client.readToEnd() == 0)
  }

  @Test("O2: a client that floods and reads nothing is dropped")
  func flooding() throws {
    let server = try folder.serve(limits: Self.short)
    defer { server.close() }
    let client = try RawConnection(to: server.path)
    let frames = [[UInt8]](repeating: RawConnection.frame(Self.request), count: 100).flatMap(\.self)
    let flood = ThreadCalls { _ in (0..<10_000).contains { _ in !client.write(frames) } }
    wait(until: "another client is served") { isServed(server) }
    #expect(flood.wait() == [true])
  }

  @Test("O2: a client that asks in a loop is slowed down")
  func rate() throws {
    var limits = ControlLimits()
    (limits.questionRate, limits.questionBurst) = (20, 5)
    let server = try folder.serve(limits: limits)
    defer { server.close() }
    let client = try ControlClient.connect(to: server.path)
    let began = ContinuousClock.now
    for _ in 0..<25 { _ = try client.runtime() }
    #expect(ContinuousClock.now - began > .milliseconds(900))
  }

  @Test("O2: a client that does not take a long answer is dropped, and others are served meanwhile")
  func unreadAnswer() throws {
    let length = 50_000_000
    var limits = ControlLimits()
    limits.stall = .milliseconds(500)
    let server = try folder.serve(MadeUpInspector(dumpBytes: length), limits: limits)
    defer { server.close() }
    let client = try RawConnection(to: server.path)
    client.write(frame: #"{"version":1,"id":1,"question":{"dump":{"asJSON":true,"limitBytes":50000000}}}"#)
    #expect(client.readFrame()?.contains("\"bytes\":50000000") == true)
    var answers: [Bool] = []
    wait(until: "the client is dropped") {
      answers.append(isServed(server))
      return client.hasEnded
    }
    #expect(!answers.contains(false))
    let rest = try #require(client.readToEnd())
    #expect(rest < length)
    let patient = try folder.serve(MadeUpInspector(dumpBytes: length), name: "patient")
    defer { patient.close() }
    #expect(try ControlClient.connect(to: patient.path).dump(asJSON: true, limitBytes: length).count == length)
  }

  @Test("O2: a client that leaves before its answer ends neither the program nor the server")
  func leaving() throws {
    let gate = QuestionGate()
    let server = try folder.serve(MadeUpInspector { if $0 == "stacks" { gate.pass() } })
    defer { server.close() }
    for count in 1...3 {
      let client = try RawConnection(to: server.path)
      client.write(frame: #"{"version":1,"id":1,"question":{"stacks":{"limit":1}}}"#)
      wait(until: "the question is asked") { gate.arrived == count }
    }
    gate.open()
    #expect(isServed(server))
  }

  @Test("O2: a hundred clients at once are served or sent away at once while one question takes its time")
  func manyClients() throws {
    let gate = QuestionGate()
    let server = try folder.serve(MadeUpInspector { if $0 == "profile" { gate.pass() } })
    defer { server.close() }
    defer { gate.open() }
    let path = server.path
    let slow = ThreadCalls { _ in (try? ControlClient.connect(to: path).profile(seconds: 1))?.count }
    wait(until: "the slow question is asked") { gate.arrived == 1 }
    let clients = ThreadCalls(100) { _ -> String in
      line { _ = try ControlClient.connect(to: path).runtime() } ?? "served"
    }
    let results = clients.wait()
    #expect(results.count == 100)
    #expect(results.contains("served"))
    #expect(results.allSatisfy { $0 == "served" || $0.hasPrefix("busy: 16 clients") }, "\(Set(results))")
    #expect(slow.finished == 0)
    gate.open()
    #expect(slow.wait() == [1])
  }

  @Test("O2: while sixteen clients are connected a further one is told that the program is busy")
  func busy() throws {
    let server = try folder.serve()
    defer { server.close() }
    var clients = try (0..<ControlLimits.connections).map { _ in try ControlClient.connect(to: server.path) }
    for _ in 0..<3 {
      #expect(line { _ = try ControlClient.connect(to: server.path) }?.hasPrefix("busy: 16 clients") == true)
    }
    #expect(try clients.allSatisfy { try $0.runtime() == MadeUpInspector.runtime })
    clients.removeLast().close()
    wait(until: "a client has left") { isServed(server) }
  }
}
